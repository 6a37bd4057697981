import { createApp } from 'vue'

import './kiosk.css'
import Kiosk from './Kiosk.vue'
import { KIOSK, KioskLink, type Screen } from './link'

const wanted = new URLSearchParams(location.search).get('screen')
const screen: Screen = wanted === 'upper' || wanted === 'lower' ? wanted : 'both'

// What a browser does with long presses, drags and pinches has no place on a booth.
for (const kind of ['contextmenu', 'dragstart', 'selectstart', 'gesturestart']) {
  document.addEventListener(kind, (event) => event.preventDefault())
}
document.addEventListener('wheel', (event) => event.ctrlKey && event.preventDefault(), { passive: false })
document.addEventListener('touchmove', (event) => event.touches.length > 1 && event.preventDefault(), { passive: false })

// The arrow is hidden as soon as a finger is used, and comes back for a mouse (somebody servicing the booth, a desk).
document.addEventListener('pointerdown', (event) => {
  document.documentElement.classList.toggle('touch', event.pointerType === 'touch')
})

createApp(Kiosk).provide(KIOSK, new KioskLink(screen)).mount('#page')
