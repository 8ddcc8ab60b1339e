// Random attention of either floating type, and the enclosed error of what a kernel made of it.
#pragma once

#include "attention/enclosure.hpp"
#include "kernels/result.hpp"
#include "numeric/random.hpp"

namespace attnbounds {

template <class T>
struct UniformAttention {
  Matrix<T> q, k, v;
};
template <class T>
UniformAttention<T> uniform(Stream& draw, long n, long m, long d, long dv, double bound) {
  return {draw.uniform_matrix(n, d, bound).cast<T>(), draw.uniform_matrix(m, d, bound).cast<T>(),
          draw.uniform_matrix(m, dv, 1).cast<T>()};
}

/// Narrow enough to judge `result`'s bound.
template <class T>
Interval true_error(const UniformAttention<T>& in, const BoundedOutput<T>& result, Mask mask) {
  const AttentionInput exact{in.q.template cast<double>(), in.k.template cast<double>(),
                             in.v.template cast<double>()};
  const Rational width = std::max(result.bound.exact(), Rational(1) / (Integer(1) << 1100)) / 1024;
  return largest_error(Matrix<double>(result.output.template cast<double>()),
                       attention_enclosure(exact, mask, width))
      .interval();
}

}  // namespace attnbounds
