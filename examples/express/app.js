import express from 'express'
import { lazy } from 'hot-hook/lazy'

const app = express()
app.use(express.urlencoded())
app.use('/tasks', lazy(() => import('./routes/tasks.js', import.meta.hot?.boundary)))
app.get('/', (request, response) => response.redirect('/tasks'))

const server = app.listen(process.env.PORT ?? 3333, (error) => {
  if (error) throw error
  console.log(`http://localhost:${server.address().port}`)
})
