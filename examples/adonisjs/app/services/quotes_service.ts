export default class QuotesService {
  all(): string[] {
    return ['Make it work.', 'Make it right.']
  }
}
