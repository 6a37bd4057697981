/** One picture of the resident's face, for the comparison in this machine; the camera is let go of at once. */

const WIDTH_PX = 640
const HEIGHT_PX = 480
/** A frame or two after the first: a camera that has just been opened is still finding its light. */
const SETTLE_MS = 400

/** A JPEG in base64; rejects when the camera can't be had. */
export async function takeFace(): Promise<string> {
  const wanted = { video: { width: { ideal: WIDTH_PX }, height: { ideal: HEIGHT_PX } } }
  const stream = await navigator.mediaDevices.getUserMedia(wanted)
  try {
    const video = document.createElement('video')
    video.muted = true
    video.srcObject = stream
    await video.play()
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    const canvas = document.createElement('canvas')
    const scale = Math.min(1, WIDTH_PX / video.videoWidth)
    canvas.width = Math.round(video.videoWidth * scale)
    canvas.height = Math.round(video.videoHeight * scale)
    const context = canvas.getContext('2d')
    if (!context) throw new Error('no canvas')
    context.drawImage(video, 0, 0, canvas.width, canvas.height)
    return canvas.toDataURL('image/jpeg', 0.85).split(',')[1] ?? ''
  } finally {
    for (const track of stream.getTracks()) track.stop()
  }
}
