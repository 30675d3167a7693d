import type { ErrorCode } from 'yaml'
import { MAX_DEPTH } from '../../core/limits.js'

/** The parser's own messages quote the text, which may be a secret; these do not. */
const WORDS: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias takes no anchor and no tag',
  BAD_ALIAS: 'this alias has no anchor before it, or no name',
  BAD_COLLECTION_TYPE: 'the tag does not fit what it stands before',
  BAD_DIRECTIVE: 'this directive is not read; remove the line',
  BAD_DQ_ESCAPE: 'this escape is not one of YAML; double the backslash',
  BAD_INDENT: 'the indentation does not fit the lines before',
  BAD_PROP_ORDER: 'an anchor or tag stands in the wrong place',
  BAD_SCALAR_START: 'a string cannot begin with this character; put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a mapping begins in the middle of a line; put it on a line of its own, indented',
  BLOCK_IN_FLOW: 'a block cannot stand between brackets',
  DUPLICATE_KEY: 'this key stands in its object twice; keep one',
  IMPOSSIBLE: 'this is not YAML',
  KEY_OVER_1024_CHARS: 'a key of more than 1,024 characters needs a "?" before it',
  MISSING_CHAR: 'a character is missing here: a colon, a comma, a bracket or a quote',
  MULTILINE_IMPLICIT_KEY: 'a key goes over several lines; a colon or a quote may be missing above',
  MULTIPLE_ANCHORS: 'a node has one anchor at most',
  MULTIPLE_DOCS: 'a second document begins here; keep one document in a file',
  MULTIPLE_TAGS: 'a node has one tag at most',
  NON_STRING_KEY: 'a key must be a string; put it in quotes',
  RESOURCE_EXHAUSTION: `it nests deeper than ${MAX_DEPTH} levels`,
  TAB_AS_INDENT: 'a tab stands in the indentation; use spaces',
  TAG_RESOLVE_FAILED: 'tags other than those of JSON are not read, and theirs must fit; remove it',
  UNEXPECTED_TOKEN: 'this does not belong here',
}

/** What is wrong, in words that hold nothing of the text. */
export function yamlProblem(code: ErrorCode): string {
  return WORDS[code] ?? 'this is not YAML'
}
