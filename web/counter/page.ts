/**
 * The counter's page. What connects is small and begins at once; what draws is large: it is fetched meanwhile, and evaluated
 * (a tenth of a second in which nothing else happens) when the center has been asked for a connection.
 */
import { createApp } from 'vue'

import { COUNTER, Counter } from './counter'

const counter = new Counter()
void counter.start()
void counter.asked
  .then(() => import('./App.vue'))
  .then(({ default: App }) => createApp(App).provide(COUNTER, counter).mount('#page'))
