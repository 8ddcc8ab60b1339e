// Certificates of attention and gradients. The polynomial is taken anew at the kernel's degree, on an
// interval that is wider by 2^-40 and holds the scores as the checker bounds them: the kernel rounds its
// half-width, keys and centre, the checker does not.
#include "attention/enclosure.hpp"
#include "attention/gradient_bounds.hpp"
#include "attention/gradient_enclosure.hpp"
#include "kernels/guarantee.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "numeric/npy.hpp"
#include "numeric/zoo.hpp"
#include "polynomial/certificate.hpp"
#include "polynomial/exponential.hpp"
#include "proofs_check/certificate/certificate.hpp"
#include "proofs_check/certificate/kernel_output.hpp"
#include "proofs_check/exact_json.hpp"
#include "reductions/receipt/receipt.hpp"

namespace attnbounds {
namespace {

namespace fs = std::filesystem;
using Index = Eigen::Index;

constexpr Bits kBits{192};

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw InputError(folder.string(), "a directory that can be made", error.message());
}

Json hashed(const fs::path& folder, const std::string& name, const Matrix<double>& m) {
  const std::string bytes = npy_bytes(m), file = name + ".npy";
  write_file_atomically(folder / file, bytes);
  return {{"file", file}, {"sha256", sha256(bytes)}};
}

/// What the checker will find of the scores <q_i, k_j>/d: with the midpoints of the keys' columns as their
/// centre, the least X that it accepts. It may be above the kernel's, which rounds its keys and its centre.
struct ShiftedScores {
  std::vector<Rational> centre;
  Rational half_width;
};
template <class Key>  // Interval key(j, l), exact
ShiftedScores shifted_scores(const Matrix<Interval>& q, Index keys, Index d, const Key& key) {
  ShiftedScores scores;
  std::vector<Interval> centre, box;
  for (Index l = 0; l < q.cols(); ++l) {
    Interval low = key(0, l), high = low;
    for (Index j = 1; j < keys; ++j) low = minimum(low, key(j, l)), high = maximum(high, key(j, l));
    scores.centre.push_back(to_rational(lower(Interval((low + high) / 2))));
    centre.push_back(enclose(scores.centre.back()));
    box.push_back(maximum(absolute_value(low - centre.back()), absolute_value(high - centre.back())));
  }
  Interval longest = 0, largest = 0;
  for (Index j = 0; j < keys; ++j) {
    Interval squares = 0;
    for (Index l = 0; l < q.cols(); ++l) {
      const Interval x = key(j, l) - centre[static_cast<std::size_t>(l)];
      squares += x * x;
    }
    longest = maximum(longest, squares);
  }
  for (Index i = 0; i < q.rows(); ++i) {
    Interval hoelder = 0, squares = 0;
    for (Index l = 0; l < q.cols(); ++l) {
      hoelder += absolute_value(q(i, l)) * box[static_cast<std::size_t>(l)];
      squares += q(i, l) * q(i, l);
    }
    largest = maximum(largest, minimum(hoelder, sqrt(squares * longest)));
  }
  scores.half_width = to_rational(round_up(Interval(largest / Interval(static_cast<long>(d)))));
  return scores;
}
auto entries_of(const Matrix<double>& m) {
  return [&m](Index j, Index l) { return enclose(m(j, l)); };
}
/// Key (j1, j2) is k1_j1 o k2_j2, or with all products of two columns their Kronecker product.
enum class Pairs { of_a_column, of_two_columns };
auto entries_of(const Matrix<double>& first, const Matrix<double>& second, Pairs pairs) {
  return [&first, &second, pairs](Index j, Index l) {
    const bool same = pairs == Pairs::of_a_column;
    return Interval(enclose(first(j / second.rows(), same ? l : l / second.cols())) *
                    enclose(second(j % second.rows(), same ? l : l % second.cols())));
  };
}

struct Approximation {
  Json polynomial;
  UpperBound delta;
};
template <class Scores>
Approximation approximation(const AttentionResult& result, const Scores& scores_of) {
  if (result.method == AttentionMethod::exact) return {nullptr, UpperBound()};
  const ShiftedScores scores = [&] {
    const WorkingPrecision precision(kBits);
    return scores_of();
  }();
  // A wider interval is as true; near 0 the exchange's numbers would be out of range.
  const Rational half_width =
      std::max(Rational(std::max(result.half_width.exact(), scores.half_width) * (1 + Rational(1, 1L << 40))),
               Rational(1, 1L << 20));
  const CertifiedPolynomial p = exp_polynomial_in_doubles(result.degree, half_width);
  const BestError best = best_error(result.degree, half_width, ErrorKind::relative);
  return {{{"half_width", exact_text(half_width)},
           {"error", exact_text(p.error.value())},
           {"upper", upper_side(best.upper)},
           {"coefficients", json_numbers(p.polynomial.coefficients)},
           {"centre", json_numbers(scores.centre)}},
          p.error};
}

/// bound = approximation + rounding exactly; the bound of the result, or the approximation's where that is
/// more.
void put_bounds(Json& c, const AttentionResult& result, const UpperBound& approximation) {
  const Rational bound = bug(Bug::bound_without_rounding)
                             ? approximation.exact()
                             : std::max(result.bound.exact(), approximation.exact());
  c["bound_approximation"] = exact_text(approximation.exact());
  c["bound_rounding"] = exact_text(Rational(bound - approximation.exact()));
  c["bound"] = exact_text(bound);
}

/// An enclosure that is a little wider than what was proved, so that the checker's own fits into it.
Json observed(const Interval& error) {
  const double low = round_down(error) * (1 - 0x1p-20),
               high = round_up(error) * (bug(Bug::observed_rounded_inwards) ? 1 - 0x1p-20 : 1 + 0x1p-20);
  return {{"lower", exact_text(std::max(low, 0.0))}, {"upper", exact_text(high + 0x1p-1000)}};
}

Json heading(const char* kind) {
  return {{"format", "attnbounds-certificate"}, {"version", 1}, {"kind", kind}};
}

fs::path finished(const fs::path& folder, const Json& certificate) {
  const fs::path path = folder / "certificate.json";
  write_file_atomically(path, certificate.dump(1) + "\n");
  return path;
}

Matrix<double> rows_of(const Matrix<double>& m, const std::vector<Index>& rows) {
  Matrix<double> chosen(static_cast<Index>(rows.size()), m.cols());
  for (std::size_t i = 0; i < rows.size(); ++i) chosen.row(static_cast<Index>(i)) = m.row(rows[i]);
  return chosen;
}

Rational width_for(const AttentionResult& result) {
  return std::max(result.bound.exact() / Rational(Integer(1) << 60), Rational(1, Integer(1) << 200));
}

}  // namespace

std::vector<Index> sampled_rows(std::uint64_t seed, const std::string& output_hash, Index n, Index count) {
  std::vector<Index> rows;
  std::vector<bool> taken(static_cast<std::size_t>(n), count == n);
  if (count == n)
    for (Index i = 0; i < n; ++i) rows.push_back(i);
  for (long t = 0; static_cast<Index>(rows.size()) < count; ++t) {
    const std::string digest =
        sha256("attnbounds-rows " + std::to_string(seed) + " " +
               (bug(Bug::rows_chosen_without_the_hash) ? "" : output_hash) + " " + std::to_string(t));
    const Index row = static_cast<Index>(std::stoull(digest.substr(0, 16), nullptr, 16) %
                                         static_cast<unsigned long long>(n));
    if (!taken[static_cast<std::size_t>(row)]) rows.push_back(row);
    taken[static_cast<std::size_t>(row)] = true;
  }
  return rows;
}

namespace {

const char* name(Mask mask) { return mask == Mask::causal ? "causal" : "none"; }

/// A causal row sees as many keys as its number says: then all rows are enclosed, where they stand.
std::vector<Index> put_sample(Json& c, Mask mask, std::uint64_t seed, Index n, Index count) {
  const std::vector<Index> rows =
      sampled_rows(seed, c["output"]["sha256"].get<std::string>(), n, mask == Mask::causal ? n : count);
  c["sample"] = {{"seed", seed}, {"rows", rows.size()}};
  return rows;
}

/// All but the sample and what was observed on it.
Json attention_heading(const fs::path& folder, const AttentionInput& input, const AttentionResult& result,
                       Mask mask) {
  make_folder(folder);
  Json c = heading("attention");
  c["mask"] = name(mask);
  c["inputs"] = {{"q", hashed(folder, "q", input.q)},
                 {"k", hashed(folder, "k", input.k)},
                 {"v", hashed(folder, "v", input.v)}};
  c["output"] = hashed(folder, "output", result.output);
  c["method"] = name(result.method);
  const Approximation a = approximation(result, [&] {
    return shifted_scores(matrix_from<Interval>(input.q), input.k.rows(), input.q.cols(),
                          entries_of(input.k));
  });
  c["polynomial"] = a.polynomial;
  put_bounds(c, result, perturbation_bound(a.delta) * UpperBound::exactly(max_abs(input.v)));
  return c;
}

// Each writes its matrices into the folder and returns the certificate.

Json attention_certificate(const fs::path& folder, const AttentionInput& input, const AttentionResult& result,
                           Mask mask, std::uint64_t seed, Index count, ThreadCount threads) {
  Json c = attention_heading(folder, input, result, mask);
  const std::vector<Index> rows = put_sample(c, mask, seed, input.q.rows(), count);
  const WorkingPrecision precision(kBits);
  const AttentionInput sample{rows_of(input.q, rows), input.k, input.v};
  c["observed"] = observed(largest_error(rows_of(result.output, rows),
                                         attention_enclosure(sample, mask, width_for(result), threads))
                               .interval());
  return c;
}

Json attention_certificate(const fs::path& folder, const TensorAttentionInput& input,
                           const AttentionResult& result, Mask mask, std::uint64_t seed, Index count,
                           ThreadCount threads) {
  make_folder(folder);
  Json c = heading("attention");
  c["mask"] = name(mask);
  c["inputs"] = {{"q", hashed(folder, "q", input.q)},
                 {"k", hashed(folder, "k", input.k1)},
                 {"v", hashed(folder, "v", input.v1)},
                 {"k2", hashed(folder, "k2", input.k2)},
                 {"v2", hashed(folder, "v2", input.v2)}};
  c["output"] = hashed(folder, "output", result.output);
  c["method"] = name(result.method);
  const Approximation a = approximation(result, [&] {
    return shifted_scores(matrix_from<Interval>(input.q), input.k1.rows() * input.k2.rows(), input.q.cols(),
                          entries_of(input.k1, input.k2, Pairs::of_a_column));
  });
  c["polynomial"] = a.polynomial;
  put_bounds(c, result,
             perturbation_bound(a.delta) * UpperBound::exactly(max_abs(input.v1)) *
                 UpperBound::exactly(max_abs(input.v2)));
  const std::vector<Index> rows = put_sample(c, mask, seed, input.q.rows(), count);
  const WorkingPrecision precision(kBits);
  const TensorAttentionInput sample{rows_of(input.q, rows), input.k1, input.k2, input.v1, input.v2};
  c["observed"] = observed(largest_error(rows_of(result.output, rows),
                                         tensor_attention_enclosure(sample, mask, width_for(result), threads))
                               .interval());
  return c;
}

template <class Input, class Key>
Json gradient_certificate(const fs::path& folder, Json inputs, const Input& input, Index keys, const Key& key,
                          const AttentionResult& result, ThreadCount threads) {
  Json c = heading("gradient");
  c["inputs"] = std::move(inputs);
  c["output"] = hashed(folder, "output", result.output);
  c["method"] = name(result.method);
  const Approximation a = approximation(result, [&] {
    const auto over = [](const Matrix<double>& m) { return matrix_from<Interval>(m); };
    return shifted_scores(product<Interval>(over(input.a1), over(input.x)), keys, input.a1.cols(), key);
  });
  c["polynomial"] = a.polynomial;
  const WorkingPrecision precision(kBits);
  const Interval phi = enclose(perturbation_bound(a.delta).exact());
  put_bounds(c, result, UpperBound::of(max_abs(gradient_entry_bounds(loss_over<Interval>(input), phi))));
  c["observed"] = observed(
      largest_error(result.output, gradient_enclosure(input, width_for(result), threads)).interval());
  return c;
}

Json gradient_certificate(const fs::path& folder, const MatrixLossInput& in, const AttentionResult& result,
                          ThreadCount threads) {
  make_folder(folder);
  Json inputs;
  for (const auto& [key, m] :
       {std::pair("A1", &in.a1), {"A2", &in.a2}, {"A3", &in.a3}, {"X", &in.x}, {"Y", &in.y}, {"E", &in.e}})
    inputs[key] = hashed(folder, key, *m);
  return gradient_certificate(folder, inputs, in, in.a2.rows(), entries_of(in.a2), result, threads);
}
Json gradient_certificate(const fs::path& folder, const TensorLossInput& in, const AttentionResult& result,
                          ThreadCount threads) {
  make_folder(folder);
  Json inputs;
  for (const auto& [key, m] : {std::pair("A1", &in.a1),
                               {"A2", &in.a2},
                               {"A3", &in.a3},
                               {"A4", &in.a4},
                               {"A5", &in.a5},
                               {"X", &in.x},
                               {"Y1", &in.y1},
                               {"Y2", &in.y2},
                               {"E", &in.e}})
    inputs[key] = hashed(folder, key, *m);
  return gradient_certificate(folder, inputs, in, in.a2.rows() * in.a3.rows(),
                              entries_of(in.a2, in.a3, Pairs::of_two_columns), result, threads);
}

/// Gradients of <G, Att(Q, K, V)>, each by q, k or v with its bound. Every entry is re-proved, so the bound
/// is not split.
struct OutputBy {
  std::string by;
  const Matrix<double>& output;
  UpperBound bound;
};
Json gradient_certificate(const fs::path& folder, const AttentionInput& in, const Matrix<double>& upstream,
                          Mask mask, const std::vector<OutputBy>& outputs) {
  make_folder(folder);
  Json c = heading("gradient");
  c["mask"] = name(mask);
  for (const auto& [key, m] : {std::pair("q", &in.q), {"k", &in.k}, {"v", &in.v}, {"G", &upstream}})
    c["inputs"][key] = hashed(folder, key, *m);
  const AttentionGradient<Interval> exact = attention_gradient_enclosure(in, upstream, mask, kBits);
  const WorkingPrecision precision(kBits);
  for (const auto& [by, output, bound] : outputs) {
    Json& of = c["outputs"][by] = hashed(folder, "gradient-" + by, output);
    of["bound"] = exact_text(bound.exact());
    of["observed"] = observed(largest_error(output, by == "q"   ? exact.q
                                                    : by == "k" ? exact.k
                                                                : exact.v)
                                  .interval());
  }
  return c;
}

}  // namespace

fs::path write_attention_certificate(const fs::path& folder, const AttentionInput& input,
                                     const AttentionResult& result, Mask mask, std::uint64_t seed,
                                     Index count, ThreadCount threads) {
  return finished(folder, attention_certificate(folder, input, result, mask, seed, count, threads));
}
fs::path write_attention_certificate(const fs::path& folder, const AttentionInput& input,
                                     const AttentionResult& result, Mask mask, const Enclosure& error) {
  Json c = attention_heading(folder, input, result, mask);
  c["sample"] = {{"seed", 0}, {"rows", input.q.rows()}};
  c["observed"] = observed(error.interval());
  return finished(folder, c);
}
fs::path write_attention_certificate(const fs::path& folder, const TensorAttentionInput& input,
                                     const AttentionResult& result, Mask mask, std::uint64_t seed,
                                     Index count, ThreadCount threads) {
  return finished(folder, attention_certificate(folder, input, result, mask, seed, count, threads));
}
fs::path write_gradient_certificate(const fs::path& folder, const MatrixLossInput& in,
                                    const AttentionResult& result, ThreadCount threads) {
  return finished(folder, gradient_certificate(folder, in, result, threads));
}
fs::path write_gradient_certificate(const fs::path& folder, const TensorLossInput& in,
                                    const AttentionResult& result, ThreadCount threads) {
  return finished(folder, gradient_certificate(folder, in, result, threads));
}

fs::path write_gradient_certificate(const fs::path& folder, const AttentionInput& input,
                                    const Matrix<double>& upstream, Mask mask,
                                    const AttentionGradientResult& result) {
  return finished(folder, gradient_certificate(folder, input, upstream, mask,
                                               {{"q", result.q.gradient, result.q.bound()},
                                                {"k", result.k.gradient, result.k.bound()},
                                                {"v", result.v.gradient, result.v.bound()}}));
}

fs::path write_kernel_certificate(const fs::path& folder, const KernelOutput& output,
                                  const std::optional<Rational>& exceeds) {
  constexpr ThreadCount one{1};
  Json certificate = std::visit(
      [&](const auto& input) {
        using Input = std::decay_t<decltype(input)>;
        if constexpr (std::is_same_v<Input, AttentionInput>)
          return attention_certificate(folder, input, output.result, output.mask, 0, input.q.rows(), one);
        else if constexpr (std::is_same_v<Input, TensorAttentionInput>)
          return attention_certificate(folder, input, output.result, output.mask, 0, input.q.rows(), one);
        else if constexpr (std::is_same_v<Input, AttentionLossBy>)
          return gradient_certificate(folder, input.attention, input.upstream, output.mask,
                                      {{input.by, output.result.output, output.result.bound}});
        else return gradient_certificate(folder, input, output.result, one);
      },
      output.input);
  if (exceeds) {
    const bool named = certificate.contains("outputs");
    (named ? certificate["outputs"].front() : certificate)["exceeds"] = exact_text(*exceeds);
  }
  return finished(folder, certificate);
}

}  // namespace attnbounds
