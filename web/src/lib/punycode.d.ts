// The package has no types. Its main file is a module of Node's own name, which a bundler leaves out.
declare module 'punycode/punycode.es6.js' {
  /** Decodes the `xn--` labels of a domain name; throws a RangeError for what is no Punycode. */
  export function toUnicode(domain: string): string
}
