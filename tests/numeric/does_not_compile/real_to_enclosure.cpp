// Real is for searching: a computed Real encloses nothing, though Boost would convert it to a point Interval.
// expects: deleted
#include "numeric/proved.hpp"

using namespace attnbounds;

const Real computed = Real(1) / 3;
#ifdef PERMITTED
const Enclosure proved(enclose(Rational(1, 3)));
#else
const Enclosure proved(computed);
#endif
