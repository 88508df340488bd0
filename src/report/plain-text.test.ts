import { describe, expect, it } from 'vitest';
import { escapeHtml, escapeMarkdown, printable, slug } from './plain-text.ts';

describe('text from files', () => {
  it('loses control characters and gets cut where it is endless', () => {
    expect(printable('a\u001b[31mb\r\nc')).toBe('a [31mb c');
    expect(printable('x'.repeat(1e6)).length).toBeLessThan(2000);
  });

  it('stays text in HTML', () => {
    expect(escapeHtml(`<b title="a" id='b'>&`)).toBe(
      '&lt;b title=&quot;a&quot; id=&#39;b&#39;&gt;&amp;',
    );
  });

  it('stays text in Markdown', () => {
    expect(escapeMarkdown('a|b [x](y) <i> *z*')).toBe('a\\|b \\[x\\](y) &lt;i&gt; \\*z\\*');
    expect(escapeMarkdown('# no heading')).toBe('\\# no heading');
    expect(escapeMarkdown('1. no list')).toBe('1\\. no list');
  });

  it('makes an id a harmless file name', () => {
    expect(slug('freelist-24x')).toBe('freelist-24x');
    expect(slug('../../Etc/passwd"><x>')).toBe('etc-passwd-x');
    expect(slug('../')).toBe('answer');
  });
});
