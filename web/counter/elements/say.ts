/** A short message over the page, gone by itself. */
import { ElMessage } from 'element-plus'

export function say(type: 'error' | 'success', message: string): void {
  ElMessage({ type, message, grouping: true })
}
