// A row of softmax over weighted keys of which some weights are off, over the rationals: shared by the claims
// about groups of keys.
#pragma once

#include "proofs_check/claim.hpp"
#include "proofs_check/exact_json.hpp"

namespace attnbounds {

struct PerturbedKey {
  Rational weight, factor, value;  // true weight, perturbed/true, value
  long group = 0;
};

inline Json json_of(const std::vector<PerturbedKey>& keys, const char* name_of_group) {
  Json list = Json::array();
  for (const PerturbedKey& k : keys)
    list.push_back({{"weight", json_number(k.weight)},
                    {"factor", json_number(k.factor)},
                    {"value", json_number(k.value)},
                    {name_of_group, k.group}});
  return list;
}

/// |Att~ - Att|
inline Rational output_error(const std::vector<PerturbedKey>& keys) {
  Rational n = 0, d = 0, n_moved = 0, d_moved = 0;
  for (const PerturbedKey& k : keys) {
    n += k.weight * k.value;
    d += k.weight;
    n_moved += k.weight * k.factor * k.value;
    d_moved += k.weight * k.factor;
  }
  return abs(Rational(n_moved / d_moved - n / d));
}
inline Rational largest_value(const std::vector<PerturbedKey>& keys) {
  Rational largest = 0;
  for (const PerturbedKey& k : keys) largest = std::max(largest, Rational(abs(k.value)));
  return largest;
}
/// sum over keys of scale(group) w~ / sum of w~
template <class Scale>
Rational perturbed_share(const std::vector<PerturbedKey>& keys, const Scale& scale) {
  Rational sum = 0, total = 0;
  for (const PerturbedKey& k : keys) {
    const Rational w = k.weight * k.factor;
    sum += scale(k.group) * w;
    total += w;
  }
  return sum / total;
}

}  // namespace attnbounds
