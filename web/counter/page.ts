/** The counter's page. What connects is small and begins at once; what draws is large, and is loaded meanwhile. */
import { createApp } from 'vue'

import { COUNTER, Counter } from './counter'

const counter = new Counter()
void counter.start()
void import('./App.vue').then(({ default: App }) => createApp(App).provide(COUNTER, counter).mount('#page'))
