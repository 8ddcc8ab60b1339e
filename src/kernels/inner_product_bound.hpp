// Largest inner product of two sets of points, bounded from above by two trees at once (dual-tree branch and
// bound): a node is a ball (centre c, radius r) around some points, and for points a, b of two balls
//   |<a, b>| <= |<c_a, c_b>| + |c_a| r_b + |c_b| r_a + r_a r_b.
// The pair of balls with the largest bound is split until the bound is near a value that is attained. The
// bound holds whenever one stops. Cost: near O((n + m) d) where the points fill few dimensions; never more
// than the budget.
#pragma once

#include "numeric/matrix.hpp"
#include "numeric/proved.hpp"

namespace attnbounds {

struct SearchEffort {
  double slack = 0.02;  // stop within this of an attained value
  long most_splits = 20000;
};

/// An upper bound on max_ij |<a_i, b_j>|, rows of a and b, entries finite.
UpperBound largest_inner_product(const Matrix<double>& a, const Matrix<double>& b, SearchEffort effort = {});

}  // namespace attnbounds
