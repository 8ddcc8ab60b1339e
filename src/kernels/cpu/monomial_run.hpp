#pragma once

namespace attnbounds {

/// feature[child + i] = feature[parent + i] * x[variable] for i < count.
struct MonomialRun {
  long child = 0, parent = 0, count = 0, variable = 0;
};

namespace cpu {

/// What the loops need of a MonomialTree (kernels/monomials.hpp: features_of), which must outlive this.
struct Features {
  const MonomialRun* runs = nullptr;
  long run_count = 0, rank = 0, dimension = 0;
  long parents = 1;  // only monomials before this one are factors of others: the rest is never stored
};

}  // namespace cpu
}  // namespace attnbounds
