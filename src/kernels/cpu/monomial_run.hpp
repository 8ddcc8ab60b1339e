#pragma once

namespace attnbounds {

/// feature[child + i] = feature[parent + i] * x[variable] for i < count.
struct MonomialRun {
  long child = 0, parent = 0, count = 0, variable = 0;
};

}  // namespace attnbounds
