// Real is for searching: a computed Real bounds nothing.
// expects: deleted
#include "numeric/proved.hpp"

using namespace attnbounds;

const Real computed = Real(1) / 3;
#ifdef PERMITTED
const UpperBound bound = UpperBound::of(Rational(1, 3));
#else
const UpperBound bound = UpperBound::of(computed);
#endif
