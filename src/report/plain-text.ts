// Text from files made safe for where it is shown. Whatever a result file holds, host names, paths and
// tags included, is data: it never becomes markup, a control sequence or a page of megabytes.

const TEXT_LENGTH_MAX = 1500;

/** One printable line: control characters become spaces, a very long text is cut and says so. */
export function printable(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim();
  return line.length <= TEXT_LENGTH_MAX ? line : `${line.slice(0, TEXT_LENGTH_MAX)} ... (cut)`;
}

export function escapeHtml(text: string): string {
  return printable(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** Keeps text from turning into Markdown: tables, emphasis, links and HTML stay as written. */
export function escapeMarkdown(text: string): string {
  return printable(text)
    .replace(/[\\`*_{}[\]|~]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/^(\d*)([#+.)-])(?=\s|$|#)/, '$1\\$2');
}

/** An id as part of a file name or an anchor: lower-case letters, digits and hyphens only. */
export function slug(id: string): string {
  const safe = id
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  return safe === '' ? 'answer' : safe;
}
