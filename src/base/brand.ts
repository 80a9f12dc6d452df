declare const brand: unique symbol;

/** A value that the compiler keeps apart from its twins, such as two kinds of id; free at run time. */
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };
