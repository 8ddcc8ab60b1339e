// The fast LoRA gradients (kernels/lora.hpp) keep what they promise: each of the six lies within its own
// proved bound, approximation and rounding together, of an enclosure of the closed form.
#include "kernels/lora.hpp"
#include "polynomial/least_degree.hpp"
#include "proofs_check/lora_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  LoraLossInput in;
  LoraGradientResult fast;
};
Json describe(const Case& c) {
  const auto part = [](const BoundedMatrix& m) {
    return Json{{"value", json_matrix(m.value)}, {"bound", json_number(m.bound.exact())}};
  };
  Json gradients;
  for (const auto& [name, of] : {std::pair("Q", &c.fast.q), {"K", &c.fast.k}, {"V", &c.fast.v}})
    gradients[name] = {{"B", part(of->b)}, {"A", part(of->a)}};
  return {{"loss", json_of(c.in)}, {"gradients", gradients}};
}

std::array<const BoundedMatrix*, 6> parts(const LoraGradientResult& g) {
  return {&g.q.b, &g.q.a, &g.k.b, &g.k.a, &g.v.b, &g.v.a};
}
bool has_bounds(const Case& c) {
  for (const BoundedMatrix* part : parts(c.fast))
    if (!part->bound.is_finite()) return false;
  return true;
}
Case draw(Draw& d) {
  for (;;) {
    LoraShape shape = drawn_shape(d);
    shape.d = std::min(shape.d, 2L);
    shape.r = std::min(shape.r, shape.d);
    Case c{drawn_lora(d, shape), {}};
    for (Adapter<double>* w : {&c.in.q, &c.in.k}) w->scale /= 4;  // scores that low degrees reach
    c.fast = polynomial_lora_gradient(c.in, Rational(1, 1L << d.integer(2, 26)), {1});
    if (has_bounds(c)) return c;
  }
}

/// The largest error over its bound.
Interval quotient(const Case& c) {
  const LoraGradient<Interval> exact = lora_gradient(loss_over<Interval>(c.in));
  Interval largest = 0;
  for (std::size_t part = 0; part < 6; ++part) {
    const BoundedMatrix& fast = *parts(c.fast)[part];
    if (fast.bound.value() > 0)
      largest = maximum(largest, max_abs(Matrix<Interval>(matrix_from<Interval>(fast.value) -
                                                          *attnbounds::parts(exact)[part])) /
                                     enclose(fast.bound.exact()));
  }
  return largest;
}

const Registration kernel_guarantee =
    claim("hu-et-al-2024-lora/kernel-guarantee", "Theorems 3.1 and A.1's algorithm, in floating point",
          Standing::checked)
        .says(
            "the fast gradients of all six adapters lie within their own proved bounds of the closed form",
            R"($\|\mathrm{fl}(\tilde G^{(A)}_\mu) - \partial L/\partial A_\mu\|_\infty \le \text{bound}$, $\mu = Q, K, V$, and the like for $B_\mu$)")
        .given(draw)
        .where("the bounds are finite", has_bounds)
        .at_most("the largest error over its bound", quotient, [](const Case&) { return Interval(1); })
        .twin("the bound over a million", quotient, [](const Case&) { return enclose(Rational(1, 1000000)); })
        .sizes(40, 400, 4000);

}  // namespace
}  // namespace attnbounds
