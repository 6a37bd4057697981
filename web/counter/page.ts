import 'element-plus/dist/index.css'
import './theme.css'

import { createApp } from 'vue'

import App from './App.vue'

createApp(App).mount('#page')
