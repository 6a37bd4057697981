/** All that is drawn with Element Plus, to be imported as one: nothing of it is needed before the resident is seen. */
export { say } from './elements/say'
export { default as Room } from './Room.vue'
