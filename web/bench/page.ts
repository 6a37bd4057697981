import { createApp } from 'vue'

import './bench.css'
import Bench from './Bench.vue'

createApp(Bench).mount('#page')
