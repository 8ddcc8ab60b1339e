// Instances of the loss with low-rank adapters, shared by the claims about LoRA.
#pragma once

#include "attention/lora.hpp"
#include "proofs_check/gradient_case.hpp"

namespace attnbounds {

inline Json json_of(const LoraLossInput& in) {
  Json j = {{"X_Q", json_matrix(in.x_q)},
            {"X_K", json_matrix(in.x_k)},
            {"X_V", json_matrix(in.x_v)},
            {"Y", json_matrix(in.y)}};
  for (const auto& [name, w] : {std::pair("Q", &in.q), std::pair("K", &in.k), std::pair("V", &in.v)})
    j[name] = {{"frozen", json_matrix(w->frozen)},
               {"B", json_matrix(w->b)},
               {"A", json_matrix(w->a)},
               {"scale", json_number(w->scale)}};
  return j;
}

struct LoraShape {
  long n, m, d, r;
};
inline LoraShape drawn_shape(Draw& d) {
  const long width = d.integer(1, 3);
  return {d.integer(1, 4), d.integer(2, 5), width, d.integer(1, width)};
}
inline Adapter<double> drawn_adapter(Draw& d, const LoraShape& s) {
  return {d.matrix(s.d, s.d, 1), d.matrix(s.d, s.r, 1), d.matrix(s.r, s.d, 1),
          Rational(d.integer(1, 8), s.r)};  // alpha/r
}
inline LoraLossInput drawn_lora(Draw& d, const LoraShape& s) {
  return {d.matrix(s.n, s.d, 1), d.matrix(s.m, s.d, 1), d.matrix(s.m, s.d, 1), drawn_adapter(d, s),
          drawn_adapter(d, s),   drawn_adapter(d, s),   d.matrix(s.n, s.d, 2)};
}

/// The six gradients, in one order: B_Q, A_Q, B_K, A_K, B_V, A_V.
template <class Scalar>
std::array<const Matrix<Scalar>*, 6> parts(const LoraGradient<Scalar>& g) {
  return {&g.q.b, &g.q.a, &g.k.b, &g.k.a, &g.v.b, &g.v.a};
}

}  // namespace attnbounds
