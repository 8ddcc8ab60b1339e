// What was sampled is not proved: a confidence interval is no enclosure.
// expects: (no matching function|no known conversion)
#include "numeric/confidence.hpp"
#include "numeric/proved.hpp"

using namespace attnbounds;

const ConfidenceInterval sampled(Rational(0), Rational(1, 20), Rational(99, 100));
#ifdef PERMITTED
const Interval limits = sampled.limits();
#else
const Enclosure proved(sampled);
#endif
