#include "attention/relevant_keys.hpp"

#include <algorithm>
#include <stdexcept>

namespace attnbounds {

RelevantKeys relevant_keys(const std::vector<Rational>& scores, const Rational& eps) {
  const WorkingPrecision guard(Bits{256});
  const Interval step = log_interval(1 + eps);
  const Rational most = *std::max_element(scores.begin(), scores.end());
  const Interval steps = enclose(most) / step;
  const Integer s = scaled_floor(to_rational(lower(steps)), 0);
  if (most != 0 && s != scaled_floor(to_rational(upper(steps)), 0))
    throw std::domain_error("the largest score is too near a multiple of log(1 + eps)");
  RelevantKeys result{{},
                      (most == 0 ? Interval(0) : Interval(enclose(Rational(s)) * step)) -
                          log_interval(Rational(scores.size()) / eps)};
  for (std::size_t j = 0; j < scores.size(); ++j) {
    const Sign above = sign(Interval(enclose(scores[j]) - result.threshold));
    if (above == Sign::unknown) throw std::domain_error("a score is too near the threshold of relevance");
    if (above == Sign::positive) result.keys.push_back(j);
  }
  return result;
}

}  // namespace attnbounds
