/** A JSON value, as it travels. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** A JSON object, as it travels. */
export type JsonObject = { readonly [key: string]: Json }
