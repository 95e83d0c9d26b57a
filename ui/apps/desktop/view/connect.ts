// A coordinator's address as it is typed. Pure.

/** What is wrong with an address, as far as can be seen without asking; absent: nothing. */
export function addressFault(
  text: string,
): 'address_empty' | 'address_scheme' | 'address_wrong' | 'address_password' | undefined {
  if (text === '') return 'address_empty';
  if (!/^https?:\/\//i.test(text)) return 'address_scheme';
  try {
    const url = new URL(text);
    return url.username !== '' || url.password !== '' ? 'address_password' : undefined;
  } catch {
    return 'address_wrong';
  }
}
