/**
 * What old public histories are full of and what harms nobody: identities and dates in commits and tags, and padded
 * modes. Never set aside for what comes from containers. Names of messages: git-fsck(1).
 */
const HARMLESS = [
  'badDate',
  'badDateOverflow',
  'badEmail',
  'badFilemode',
  'badName',
  'badTagName',
  'badTimezone',
  'missingEmail',
  'missingNameBeforeEmail',
  'missingSpaceBeforeDate',
  'missingSpaceBeforeEmail',
  'missingTaggerEntry',
  'multipleAuthors',
  'zeroPaddedDate',
  'zeroPaddedFilemode',
]

/** Configuration that checks objects of other people's histories: all that is dangerous, nothing that is only odd. */
export function relaxedFsck(section: 'fetch' | 'receive'): string[] {
  return [`${section}.fsckObjects=true`, ...HARMLESS.map(message => `${section}.fsck.${message}=ignore`)]
}
