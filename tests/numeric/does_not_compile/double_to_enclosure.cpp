// A double is exact or it is a measurement: the code has to say which.
// expects: deleted
#include "numeric/proved.hpp"

using namespace attnbounds;

const double x = 0.5;
#ifdef PERMITTED
const Enclosure proved(enclose(x));
#else
const Enclosure proved(x);
#endif
