import { expect, test } from 'vitest'

import type { AffairView, CommandState, CommandView, DeviceState } from '@lib/protocol'

import { hindrance, worthShowing } from './orders'

function command(state: CommandState, issued_at_ms = 1): CommandView {
  return { command_id: `c${issued_at_ms}`, kind: 'take_page', state, issued_at_ms, material_id: null, code: null, more: false }
}

function affair(camera: DeviceState | null, commands: CommandView[] = [], online = true): AffairView {
  const devices = camera === null ? [] : [{ kind: 'document_camera' as const, state: camera, code: null }]
  return { booth: { online, devices }, commands } as unknown as AffairView
}

test('a device that is ready or busy can be ordered', () => {
  expect(hindrance(affair('ready'), true, 'take_page')).toBe(null)
  expect(hindrance(affair('busy'), true, 'take_page')).toBe(null)
})

test('the nearest hindrance is named', () => {
  expect(hindrance(affair('ready', [], false), true, 'take_page')).toBe('booth_offline')
  expect(hindrance(affair('ready'), false, 'take_page')).toBe('not_serving')
  expect(hindrance(affair('ready', [command('issued')]), true, 'take_page')).toBe('running')
  expect(hindrance(affair('faulted'), true, 'take_page')).toBe('faulted')
  expect(hindrance(affair(null), true, 'take_page')).toBe('absent')
})

test('a failure is shown until a newer command of its kind is there', () => {
  expect(worthShowing([command('failed', 1)])).toHaveLength(1)
  expect(worthShowing([command('failed', 1), command('done', 2)])).toEqual([])
  expect(worthShowing([command('failed', 1), command('issued', 2)]).map((one) => one.state)).toEqual(['issued'])
})
