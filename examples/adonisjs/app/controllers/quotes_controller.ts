import { inject } from '@adonisjs/core'
import QuotesService from '#services/quotes_service'

@inject()
export default class QuotesController {
  constructor(protected quotes: QuotesService) {}

  index() {
    return this.quotes.all()
  }
}
