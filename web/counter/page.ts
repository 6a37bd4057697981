/** The counter's page. What connects begins at once; what draws begins when the center has been asked for a connection. */
import { createApp } from 'vue'

import App from './App.vue'
import { COUNTER, Counter } from './counter'

const counter = new Counter()
void counter.start()
void counter.asked.then(() => createApp(App).provide(COUNTER, counter).mount('#page'))
