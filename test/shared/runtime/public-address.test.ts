import { describe, expect, test } from 'vitest'
import { isPublicAddress, NotPublic, publicAddresses } from '../../../shared/runtime/public-address.ts'

describe('an address', () => {
  test.each([
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '100.127.255.255', '127.0.0.1', '127.255.0.9', '169.254.169.254'],
    ...['172.16.0.1', '172.31.255.255', '192.0.0.8', '192.0.2.1', '192.168.1.1', '198.18.0.1', '198.51.100.7'],
    ...['203.0.113.9', '224.0.0.1', '240.0.0.1', '255.255.255.255'],
    ...[
      '::',
      '::1',
      '::ffff:127.0.0.1',
      '::ffff:8.8.8.8',
      '::7f00:1',
      '64:ff9b::7f00:1',
      '64:ff9b::8.8.8.8',
      'fc00::1',
    ],
    ...['fd12:3456::1', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1', '2001:db8::1', '2001::1', '2002:7f00:1::1'],
    ...['2001:10::1', '3fff::1', '100::1', 'localhost', '', '1.2.3', '2130706433', '0x7f000001', '127.1', '010.0.0.1'],
  ])('%s is not public', address => expect(isPublicAddress(address)).toBe(false))

  test.each([
    ...[
      '1.1.1.1',
      '8.8.8.8',
      '100.63.255.255',
      '100.128.0.1',
      '172.15.0.1',
      '172.32.0.1',
      '192.167.0.1',
      '223.255.255.1',
    ],
    ...['2606:4700:4700::1111', '2a00:1450:4001::1', '2001:4860:4860::8888', '2400:cb00::1'],
  ])('%s is public', address => expect(isPublicAddress(address)).toBe(true))
})

describe('a host', () => {
  test('gives its addresses where all of them are public', async () => {
    const lookup = async () => [
      { address: '93.184.215.14', family: 4 },
      { address: '2606:2800:21f::1', family: 6 },
    ]
    expect(await publicAddresses('example.com', lookup)).toEqual([
      { address: '93.184.215.14', family: 4 },
      { address: '2606:2800:21f::1', family: 6 },
    ])
    expect(await publicAddresses('[2606:4700:4700::1111]')).toEqual([{ address: '2606:4700:4700::1111', family: 6 }])
  })

  test('is refused where one of its addresses is not, or where it has none', async () => {
    const mixed = async () => [
      { address: '93.184.215.14', family: 4 },
      { address: '10.0.0.1', family: 4 },
    ]
    await expect(publicAddresses('mixed.example', mixed)).rejects.toThrow(NotPublic)
    await expect(publicAddresses('none.example', async () => [])).rejects.toThrow(NotPublic)
    await expect(publicAddresses('gone.example', () => Promise.reject(new Error('ENOTFOUND')))).rejects.toThrow(
      'gone.example is not known on the public internet',
    )
    await expect(publicAddresses('[::1]')).rejects.toThrow('::1 is not an address on the public internet')
    await expect(publicAddresses('localhost')).rejects.toThrow(NotPublic)
    // What the system's resolver takes for 127.0.0.1.
    await expect(publicAddresses('2130706433')).rejects.toThrow(NotPublic)
  })
})
