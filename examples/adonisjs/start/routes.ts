import router from '@adonisjs/core/services/router'

const QuotesController = () => import('#controllers/quotes_controller')

router.get('/quotes', [QuotesController, 'index'])
