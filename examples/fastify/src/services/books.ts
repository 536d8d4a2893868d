export interface Book {
  id: number
  title: string
  author: string
}

const books: Book[] = [
  { id: 1, title: 'Emma', author: 'Jane Austen' },
  { id: 2, title: 'Middlemarch', author: 'George Eliot' },
]

export const all = (): Book[] => books

export const find = (id: number): Book | undefined => books.find((book) => book.id === id)
