import { Router } from 'express'
import { tasks } from '../tasks.js'
import { render } from '../views/tasks.js'

const router = Router()

router.get('/', (request, response) => response.send(render(tasks)))

router.post('/', (request, response) => {
  tasks.push(request.body.task)
  response.redirect('/tasks')
})

export default router
