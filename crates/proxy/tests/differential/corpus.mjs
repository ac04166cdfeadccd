// Sites with rules, and what is asked of them. A file's contents are its own path, so that an answer says which file it is.

export const sites = [
  {
    name: 'moved',
    files: ['index.html', 'about.html', 'real.html', 'docs/index.html', 'blog/index.html', 'news/today.html', '404.html'],
    redirects: `# pages that moved
/old /new
/old-302 /new 302
/old-303 /new 303
/old-307 /new 307
/old-308 /new 308
/news/* /blog/:splat
/u/:id /user/:id 301
/u/:id/posts/:post /user/:id/p/:post 302
/real /never
/forced-away /else 301!
/to-site https://example.com/x 301
/site/* https://example.com/:splat 302
/fragment /about#part
/with-query /about?fixed=1
/twice /first
/twice /second
/Case /matched
/a.b /dotted
/ends/ /slashed 301
/umlaut /grün
/sp%20ace /spaced`,
    requests: [
      '/', '/about', '/docs/', '/nope', '/old', '/old/', '/old?a=b', '/old-302', '/old-303', '/old-307', '/old-308',
      '/news', '/news/', '/news/2026/x', '/news/a%20b', '/news/today', '/news/x?q=1', '/u/7', '/u/7/', '/u/7/posts/9', '/u/7/other',
      '/u/', '/real', '/forced-away', '/to-site', '/site/a/b', '/site', '/fragment', '/with-query', '/with-query?a=b', '/twice',
      '/Case', '/case', '/a.b', '/ends', '/ends/', '/old/deeper', '/OLD', '/sp%20ace',
    ],
  },
  {
    name: 'spa',
    files: ['index.html', 'app.js', 'about.html'],
    redirects: '/api/old /api/new 301\n/* /index.html 200',
    requests: ['/', '/app.js', '/about', '/users/7', '/users/7/', '/api/old', '/missing.js', '/deep/er/path?x=1'],
  },
  {
    name: 'rewrites',
    files: ['index.html', 'en.html', 'docs/intro.html', 'gone.html', '404.html'],
    redirects: `/english /en.html 200
/manual/* /docs/:splat 200
/forced /en.html 200!
/en.html /docs/intro 302
/was-here /gone.html 404
/gone-for-good /gone.html 410
/chain /english 301
/nothing /not-there.html 200
/outside https://example.com/ 200
/index.html /elsewhere 301!`,
    requests: [
      '/english', '/english/', '/manual/intro', '/manual/intro.html', '/manual/none', '/forced', '/was-here', '/gone-for-good',
      '/chain', '/nothing', '/outside', '/unknown', '/en',
    ],
  },
  {
    name: 'queries',
    files: ['index.html', 'store.html'],
    redirects: `/shop id=:id /item/:id 301
/shop id=:id size=:size /item/:id/:size 302
/find q=exact /found 301
/find /search 302
/path/:a/*  /x/:splat/:a 301`,
    requests: [
      '/shop', '/shop?id=5', '/shop?id=5&size=2', '/shop?size=2', '/find', '/find?q=exact', '/find?q=other', '/path/one/two/three',
      '/path/one', '/store',
    ],
  },
  {
    name: 'bad-lines',
    files: ['index.html'],
    redirects: `/no-target
not-a-path /x
/status /x 999
/status-ok /x 301
/two /x 301 extra=1 words
/star/*/mid /x
/double //evil.example
/rewrite-out http://127.0.0.1:5432/ 200
/good /fine`,
    requests: ['/no-target', '/status', '/status-ok', '/star/a/mid', '/double', '/good', '/rewrite-out'],
  },
  {
    name: 'headers',
    files: ['index.html', 'docs/intro.html', 'assets/app.js', '404.html'],
    redirects: '/old /new 301',
    headers: `# all pages
/*
  X-Frame-Options: DENY
  X-Twice: one
  X-Twice: two
/docs/:page
  X-Page: :page
  X-Frame-Options: SAMEORIGIN
/assets/*
  Cache-Control: public, max-age=31536000, immutable
  X-Splat: :splat
  ! X-Content-Type-Options
/index.html
  X-Index: yes
/
  X-Root: yes
   indented: kept
unindented: kept
/bad
  no colon here`,
    requests: ['/', '/docs/intro', '/assets/app.js', '/old', '/missing'],
    fields: [
      'x-frame-options', 'x-twice', 'x-page', 'cache-control', 'x-splat', 'x-content-type-options', 'x-index', 'x-root',
      'indented', 'unindented',
    ],
  },
]
