/** What of Markdown is shown, and that nothing else of a text is anything but text. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { markdownToHtml } from '@tidemark/server/policy-text/markdown.ts'

const show = (text: string): string => markdownToHtml(text).markup.replaceAll('\n', '')

describe('markdown', () => {
  it.each([
    ['# Terms\nNet 30 days,\nno more.', '<h2>Terms</h2><p>Net 30 days, no more.</p>'],
    ['#### Deep', '<h4>Deep</h4>'],
    [
      '- one\n- two\n  goes on\n\n1. first\n2) second',
      '<ul><li>one</li><li>two goes on</li></ul><ol><li>first</li><li>second</li></ol>',
    ],
    [
      'A **strong** and *soft* `code*x*` word',
      '<p>A <strong>strong</strong> and <em>soft</em> <code>code*x*</code> word</p>',
    ],
    [
      '| Class | Limit |\n|---|---:|\n| HIGH | 300 |\n| LOW | 9 | more |',
      '<table><thead><tr><th>Class</th><th class="number">Limit</th></tr></thead><tbody><tr><td>HIGH</td><td class="number">300</td></tr><tr><td>LOW</td><td class="number">9</td></tr></tbody></table>',
    ],
    ['above\n\n---\nbelow', '<p>above</p><hr /><p>below</p>'],
    [
      '[us](https://company.example/a?b=1&c) and [x](javascript:alert(1))',
      '<p><a href="https://company.example/a?b=1&amp;c" rel="noopener noreferrer">us</a> and [x](javascript:alert(1))</p>',
    ],
    ['<script>alert(1)</script> & "so"', '<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;so&quot;</p>'],
    ['2 * 3 * 4 | 5', '<p>2 <em> 3 </em> 4 | 5</p>'],
    ['', ''],
  ])('shows %j', (text, expected) => {
    expect(show(text)).toBe(expected)
  })

  it('makes no tag and no attribute but its own of any text, and keeps every letter', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      '"',
      "'",
      '&',
      '`',
      '*',
      '**',
      '# ',
      '- ',
      '1. ',
      '|',
      '---',
      '\n',
      '  ',
      '[a](',
      'https://x',
      ')',
      'javascript:',
      'onload=',
      'x',
      'word ',
      '](mailto:a',
      '\\',
    )
    const own =
      /^<\/?(?:h[234]|p|ul|ol|li|hr \/|table|thead|tbody|tr|t[hd](?: class="number")?|strong|em|code|a(?: href="(?:https?:\/\/|mailto:)[^"<>]*" rel="noopener noreferrer")?)>$/
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const text = pieces.join('')
        const shown = markdownToHtml(text).markup
        const tags = shown.match(/<[^>]*>?/g) ?? []
        expect(tags.filter((tag) => !own.test(tag))).toEqual([])
        const letters = (of: string) =>
          Array.from(of.match(/[a-z]/g) ?? [])
            .toSorted()
            .join('')
        const read = shown
          .replaceAll(/<a href="([^"]*)" rel="noopener noreferrer">/g, '$1')
          .replaceAll(/<[^>]*>/g, '')
          .replaceAll(/&(?:amp|lt|gt|quot|#39);/g, '')
        expect(letters(read)).toBe(letters(text))
      }),
      { numRuns: 1_000 },
    )
  })

  it('comes to an end with the longest texts of the worst shapes', () => {
    const shapes = ['*', '`', '[', '[a](', '| ', '- ', '#', '**a', '|-', '  ']
    const shown = shapes.map((shape) => markdownToHtml(shape.repeat(100_000 / shape.length)).markup)
    expect(shown.filter((markup) => markup.includes('script'))).toEqual([])
  })
})
