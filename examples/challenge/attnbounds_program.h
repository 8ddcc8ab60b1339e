/* An attention program as a shared library, for
 *     attnbounds challenge --search --library ./libmine.so --n 8 --d 4 --bound 1
 * kind: "matrix" (q k v), "causal" (the same), "tensor" (q k k2 v v2), "gradient" (A1 A2 A3 X Y E). Entries are
 * row by row. Write rows x columns doubles to output; set *bound if you guarantee max|output - exact| <= *bound.
 * Return 0, or anything else for "no output". Compile with -shared -fPIC. */
#ifndef ATTNBOUNDS_PROGRAM_H
#define ATTNBOUNDS_PROGRAM_H

#ifdef __cplusplus
extern "C" {
#endif

struct attnbounds_matrix {
  const char* name;
  long rows, columns;
  const double* entries;
};

int attnbounds_program(const char* kind, const struct attnbounds_matrix* inputs, long count, long rows,
                       long columns, double* output, double* bound);

#ifdef __cplusplus
}
#endif
#endif
