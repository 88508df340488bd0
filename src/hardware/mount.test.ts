import { describe, expect, it } from 'vitest';
import { mountOf, parseMountInfo } from './mount.ts';

const MOUNTINFO = `22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw,errors=remount-ro
40 27 0:40 /@home /home rw,noatime shared:2 master:7 - btrfs /dev/sda3 rw,ssd,subvol=/@home
41 40 254:3 / /home/a\\040b\\134c rw - xfs /dev/mapper/vg-data rw,attr2
42 27 0:50 / /srv rw,relatime - nfs4 store.example:/export rw,vers=4.2,addr=10.0.0.7,clientaddr=10.0.0.9
43 27 0:51 / /tmp rw,nosuid - tmpfs tmpfs rw,size=1024k
44 27 0:52 / /tmp rw,nosuid - ramfs second rw
45 27 0:53 / /merged rw - overlay overlay rw,lowerdir=/var/a:/var/b,upperdir=/var/c,index=off
not a mount
46 27 0:54 / /cut rw shared:1
47 27 0:55 / /plain rw -
`;

describe('mount table', () => {
  const mounts = parseMountInfo(MOUNTINFO);

  it('reads device, point, type, source and options, whatever tags stand between', () => {
    expect(mounts).toHaveLength(8);
    expect(mounts[2]).toEqual({
      deviceNumber: '0:40',
      mountPoint: '/home',
      fileSystem: 'btrfs',
      source: '/dev/sda3',
      options: 'rw,noatime,ssd',
    });
    expect(mounts[3]?.mountPoint).toBe('/home/a b\\c');
  });

  it('leaves out options that hold paths or addresses', () => {
    expect(mountOf(mounts, '/srv')?.options).toBe('rw,relatime,vers=4.2');
    expect(mountOf(mounts, '/merged')?.options).toBe('rw,index=off');
  });

  it.each([
    ['/', '/dev/nvme0n1p2'],
    ['/homely/x', '/dev/nvme0n1p2'],
    ['/home', '/dev/sda3'],
    ['/home/x', '/dev/sda3'],
    ['/home/a b\\c/d', '/dev/mapper/vg-data'],
    ['/tmp/x', 'second'],
  ])('finds the mount of %s', (path, source) => {
    expect(mountOf(mounts, path)?.source).toBe(source);
  });

  it('has no answer without a table', () => {
    expect(mountOf(parseMountInfo(''), '/tmp')).toBeUndefined();
  });
});
