// Mount: which file system a path lies on, from the text of /proc/self/mountinfo (proc(5)). Pure.
// Options are reduced to what may be published: values that hold paths or addresses are left out.

export interface Mount {
  /** major:minor of the device; 0:n where the file system has no single one. */
  readonly deviceNumber: string;
  readonly mountPoint: string;
  readonly fileSystem: string;
  /** As the kernel names it: /dev/vda1, tmpfs, host:/export. */
  readonly source: string;
  /** Options of the mount and of the file system, each once, joined by commas. */
  readonly options: string;
}

const PRIVATE_OPTIONS = ['addr', 'clientaddr', 'username', 'domain'];

/** Lines that do not have mountinfo's shape are skipped. */
export function parseMountInfo(text: string): Mount[] {
  return text.split('\n').flatMap((line) => parseLine(line) ?? []);
}

/** The mount with the longest mount point that holds `path`; of equal ones the later, which hides. */
export function mountOf(mounts: readonly Mount[], path: string): Mount | undefined {
  const holding = mounts.filter(({ mountPoint }) => holds(mountPoint, path));
  const longest = Math.max(...holding.map(({ mountPoint }) => mountPoint.length));
  return holding.findLast(({ mountPoint }) => mountPoint.length === longest);
}

/** One line: id, parent, device, root, mount point, options, any tags, "-", type, source, options. */
function parseLine(line: string): Mount | undefined {
  const fields = line.trim().split(' ');
  const separator = fields.indexOf('-', 6);
  const [, , deviceNumber, , mountPoint, ownOptions] = fields;
  const [fileSystem, source, superOptions = ''] = fields.slice(separator + 1);
  if (separator < 0 || source === undefined || fileSystem === undefined) return undefined;
  if (deviceNumber === undefined || mountPoint === undefined) return undefined;
  const options = `${ownOptions ?? ''},${superOptions}`.split(',').filter(isPublic);
  return {
    deviceNumber,
    mountPoint: unescape(mountPoint),
    fileSystem,
    source: unescape(source),
    options: [...new Set(options)].join(','),
  };
}

function isPublic(option: string): boolean {
  const [name = '', value = ''] = option.split('=', 2);
  return name !== '' && !value.includes('/') && !PRIVATE_OPTIONS.includes(name);
}

/** The kernel writes blank, tab, newline and backslash as three octal digits. */
function unescape(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

function holds(mountPoint: string, path: string): boolean {
  return mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`);
}
