// Kind "gradient": |output - dL/dX| <= bound in every entry, for the matrix loss (A1 A2 A3 X Y E) or the
// tensor loss (A1 … A5 X Y1 Y2 E). Re-proved: hashes, the polynomial's error on the whole score interval,
// Theorem G' of docs/gradients.md entry by entry, and the gradient itself in balls, every entry of it. Or the
// gradients of <G, Att(Q, K, V)> by q, k and v, those that `outputs` names, each within its own bound: every
// entry in balls.
#include <map>

#include "kinds.hpp"
#include "softmax.hpp"

namespace checker {
namespace {

// f the rows of softmax, p_i = (diag(f_i) - f_i f_i^T) V G_i: p K/d, p^T Q/d, f^T G.
Proved prove_attention_gradient(const Field& top, const Folder& folder) {
  const Field inputs = top["inputs"], outputs = top["outputs"];
  const auto input = [&](const char* name) { return hashed_matrix(inputs[name], folder); };
  const Matrix q = input("q"), k = input("k"), v = input("v"), g = input("G");
  const Mask mask = mask_from(top["mask"]);
  require(k.columns == q.columns && v.rows == k.rows && g.rows == q.rows && g.columns == v.columns &&
              (mask == Mask::none || q.rows == k.rows),
          "inputs: the shapes do not fit");
  require(q.rows <= kMostEntries / 4 / k.rows, "inputs: too many pairs to be evaluated");
  std::map<std::string, Matrix> named;
  for (const auto& [by, of] : {std::pair("q", &q), std::pair("k", &k), std::pair("v", &v)}) {
    if (!outputs.has(by)) continue;
    const Matrix& output = named[by] = hashed_matrix(outputs[by], folder);
    require(output.rows == of->rows && output.columns == of->columns,
            outputs[by].place + ": the shape does not fit");
  }
  if (named.empty()) outputs.expected("a gradient by q, k or v");
  const double operations =
      static_cast<double>(q.rows * k.rows) * static_cast<double>(4 * (q.columns + v.columns) + 40);
  return at_rising_precision(128, operations, [&] {
    const Rows Q = balls(q), K = balls(k);
    const AttentionGradient exact =
        attention_gradient(softmax_rows(Q, K, q.columns, mask), Q, K, balls(v), balls(g));
    Proved proved{"gradients of <G, Att>, " + std::to_string(q.rows) + " queries", {}};
    for (const auto& [by, output] : named) {
      const Ball error = largest_size((by == "q" ? exact.q : by == "k" ? exact.k : exact.v) - balls(output));
      const std::string exceeded = require_observed(outputs[by], error);
      proved.sentence += "; by " + by + " error " + enclosure_text(error) + ", bound " +
                         decimal(Ball(outputs[by]["bound"].fraction()), Rounding::up) + exceeded;
      proved.facts["error"][by] = enclosure_json(error);
    }
    proved.sentence += " (" + std::to_string(working_bits) + " bits)";
    return proved;
  });
}

}  // namespace

Proved prove_gradient(const Field& top, const Folder& folder) {
  const Field inputs = top["inputs"];
  if (inputs.has("G")) return prove_attention_gradient(top, folder);
  const bool tensor = inputs.has("A4");
  const auto input = [&](const char* name) { return hashed_matrix(inputs[name], folder); };
  const Matrix a1 = input("A1"), a2 = input("A2"), a3 = input("A3"), x = input("X"), e = input("E"),
               y1 = input(tensor ? "Y1" : "Y"), output = hashed_matrix(top["output"], folder);
  std::optional<Matrix> a4, a5, y2;
  if (tensor) a4 = input("A4"), a5 = input("A5"), y2 = input("Y2");
  const long n = a1.rows, d = a1.columns, width = tensor ? d * d : d;
  const long pairs = tensor ? a2.rows * a3.rows : a2.rows;
  require(a2.columns == d && x.rows == d && x.columns == width && e.rows == n && y1.columns == e.columns &&
              output.rows == d && output.columns == width &&
              (tensor ? a3.columns == d && a4->rows == a2.rows && a5->rows == a3.rows &&
                            a4->columns == y1.rows && a5->columns == y2->rows && y2->columns == e.columns
                      : a3.rows == a2.rows && a3.columns == y1.rows),
          "inputs: the shapes do not fit");
  require(pairs <= kMostEntries / (width + e.columns) && n <= kMostEntries / 4 / pairs,
          "inputs: too many pairs to be evaluated");
  const std::optional<KernelPolynomial> polynomial = kernel_polynomial_from(top);

  const double operations =
      static_cast<double>(n * pairs) * static_cast<double>(2 * width + 2 * e.columns + 40) +
      (polynomial ? operations_of_degree(polynomial->upper.degree) : 0.0);
  return at_rising_precision(polynomial ? bits_for(polynomial->half_width) : 128, operations, [&] {
    const Rows A1 = balls(a1), A2 = balls(a2), A3 = balls(a3), E = balls(e), Q = product(A1, balls(x));
    const Rows keys = tensor ? kronecker(A2, A3) : A2,
               h = tensor ? column_products(product(balls(*a4), balls(y1)), product(balls(*a5), balls(*y2)))
                          : product(A3, balls(y1));
    if (polynomial) {
      require_scores_within(*polynomial, Q, keys, d, "polynomial");
      const Ball phi = proved_perturbation(*polynomial, "polynomial");
      require_at_most(largest_size(gradient_entry_bounds(A1, keys, h, E, phi, d)),
                      Ball(top["bound_approximation"].fraction()),
                      "bound_approximation: Theorem G' against it");
    }
    const Rows gradient = loss_gradient(softmax_rows(Q, keys, d), A1, keys, h, E, d);
    const Ball error = largest_size(gradient - balls(output));
    const std::string exceeded = require_observed(top, error);
    return Proved{std::string(tensor ? "tensor" : "matrix") + " loss, dL/dX of " + std::to_string(d) + " x " +
                      std::to_string(width) + " entries: error " + enclosure_text(error) + ", bound " +
                      decimal(Ball(top["bound"].fraction()), Rounding::up) + exceeded + " (" +
                      std::to_string(working_bits) + " bits)",
                  {{"error", enclosure_json(error)}}};
  });
}

}  // namespace checker
