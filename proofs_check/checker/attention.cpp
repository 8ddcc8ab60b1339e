// Kind "attention": |output - Att(Q, K[, K2], V[, V2])| <= bound in every entry. What is re-proved: the
// hashes; the polynomial's error and phi; that all scores lie in its interval; bound = approximation +
// rounding; and, by evaluating attention in balls, the error of the rows of the sample (all of them, or some
// that the seed and the output's hash choose). The rounding part is the producer's word for the rows outside
// the sample.
#include <climits>

#include "kinds.hpp"
#include "softmax.hpp"

namespace checker {
namespace {

// Row t of the sample is SHA-256("attnbounds-rows SEED HASH t") modulo n, its first 8 bytes; those met again
// are skipped. HASH is the output's, so that who spoils an output cannot choose which rows are looked at.
std::vector<long> sampled_rows(long seed, long count, const std::string& output_hash, long n) {
  std::vector<long> rows;
  std::vector<bool> taken(static_cast<std::size_t>(n), false);
  if (count == n)
    for (long i = 0; i < n; ++i) rows.push_back(i);
  for (long t = 0; static_cast<long>(rows.size()) < count; ++t) {
    const std::string digest =
        sha256("attnbounds-rows " + std::to_string(seed) + " " + output_hash + " " + std::to_string(t));
    const long row = static_cast<long>(std::stoull(digest.substr(0, 16), nullptr, 16) %
                                       static_cast<unsigned long long>(n));
    if (!taken[static_cast<std::size_t>(row)]) rows.push_back(row);
    taken[static_cast<std::size_t>(row)] = true;
  }
  return rows;
}

}  // namespace

Proved prove_attention(const Field& top, const Folder& folder) {
  const Field inputs = top["inputs"];
  const bool tensor = inputs.has("k2") || inputs.has("v2");
  const Mask mask = mask_from(top["mask"]);
  const Matrix q = hashed_matrix(inputs["q"], folder), k = hashed_matrix(inputs["k"], folder),
               v = hashed_matrix(inputs["v"], folder), output = hashed_matrix(top["output"], folder);
  const long n = q.rows, d = q.columns;
  std::optional<Matrix> k2, v2;
  if (tensor) k2 = hashed_matrix(inputs["k2"], folder), v2 = hashed_matrix(inputs["v2"], folder);
  require(k.columns == d && v.rows == k.rows && output.rows == n && output.columns == v.columns &&
              (!tensor || (k2->columns == d && v2->rows == k2->rows && v2->columns == v.columns)) &&
              (mask == Mask::none || (n == k.rows && (!tensor || n == k2->rows))),
          "inputs: the shapes do not fit");
  const Field sample = top["sample"];
  const long count = sample["rows"].integer(1, n);
  if (count < n && count > 4096) sample["rows"].expected("at most 4096 rows, or all");
  const auto drawn = [&](long seed) { return sampled_rows(seed, count, top["output"]["sha256"].text(), n); };
  const std::vector<long> rows = drawn(sample["seed"].integer(0, LONG_MAX)),
                          own = own_seed && count < n ? drawn(*own_seed) : std::vector<long>();
  const std::optional<KernelPolynomial> polynomial = kernel_polynomial_from(top);

  const double keys = static_cast<double>(k.rows) * (tensor ? static_cast<double>(k2->rows) : 1.0);
  const double operations =
      static_cast<double>(rows.size() + own.size()) * keys * static_cast<double>(d + v.columns + 40) +
      static_cast<double>((n + k.rows) * d) +
      (polynomial ? operations_of_degree(polynomial->upper.degree) : 0.0);
  require(keys * static_cast<double>(d + v.columns) <= static_cast<double>(kMostEntries),
          "inputs: too many pairs of keys to be evaluated");
  return at_rising_precision(polynomial ? bits_for(polynomial->half_width) : 128, operations, [&] {
    const Rows Q = balls(q), V1 = balls(v), K = tensor ? column_products(balls(k), balls(*k2)) : balls(k),
               V = transposed(tensor ? column_products(V1, balls(*v2)) : V1);
    if (polynomial) {
      const Ball value = tensor ? largest_size(V1) * largest_size(balls(*v2)) : largest_size(V1);
      require_scores_within(*polynomial, Q, K, d, "polynomial");
      require_at_most(proved_perturbation(*polynomial, "polynomial") * value,
                      Ball(top["bound_approximation"].fraction()),
                      "bound_approximation: phi(delta) max|V| against it");
    }
    const auto error_on = [&](const std::vector<long>& some) {
      Ball error;
      for (const long i : some) {
        const Row f = softmax_row(Q[static_cast<std::size_t>(i)], K, d, mask == Mask::causal ? i : LONG_MAX,
                                  tensor ? k2->rows : 1);
        for (std::size_t c = 0; c < V.size(); ++c)
          error = maximum(error, absolute_value(dot(f, V[c]) - Ball(output(i, static_cast<long>(c)))));
      }
      return error;
    };
    const Ball error = error_on(rows);
    require_at_most(error_on(own), Ball(top["bound"].fraction()),
                    "bound: the largest error on the rows of --seed against it");
    const std::string exceeded = require_observed(top, error);
    const bool all = static_cast<long>(rows.size()) == n;
    return Proved{std::string(tensor ? "tensor " : "") + "attention of " + std::to_string(n) +
                      " queries: error " + enclosure_text(error) + " on " +
                      (all ? "all" : std::to_string(rows.size())) + " rows" +
                      (own.empty() ? "" : ", within the bound on as many of --seed") + ", bound " +
                      decimal(Ball(top["bound"].fraction()), Rounding::up) + exceeded +
                      (all ? "" : "; its rounding part is not re-proved on the other rows") + " (" +
                      std::to_string(working_bits) + " bits)",
                  {{"rows", rows.size()}, {"of", n}, {"error", enclosure_json(error)}}};
  });
}

}  // namespace checker
