#include "proofs_check/worst_input/kernels.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <mutex>

#include "attention/attention.hpp"
#include "kernels/exact_attention.hpp"
#include "kernels/gradient.hpp"
#include "kernels/guaranteed_attention.hpp"
#include "kernels/polynomial_attention.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/random.hpp"
#include "polynomial/exponential.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;
using Run = std::function<ProgramAnswer(const ProgramInput&)>;

Mask mask_of(const ProgramInput& in) { return in.kind == ProgramKind::causal ? Mask::causal : Mask::none; }

// ---- The project's own, through their public functions.

ProgramAnswer answer_of(const AttentionResult& r) {
  return {r.output, Guarantee{r.bound.value(), r.bound_approximation.value(), r.bound_rounding.value()}, ""};
}

Run own(MethodChoice method, const Rational& epsilon) {
  return [=](const ProgramInput& in) -> ProgramAnswer {
    const auto& m = in.matrices;
    const ThreadCount one{1};
    try {
      if (in.kind == ProgramKind::gradient)
        return answer_of(guaranteed_gradient(MatrixLossInput{m[0], m[1], m[2], m[3], m[4], m[5]},
                                             GradientRequest{epsilon, method, one}));
      AttentionRequest request;
      request.epsilon = epsilon;
      request.method = method;
      request.mask = mask_of(in);
      request.threads = one;
      if (in.kind == ProgramKind::tensor)
        return answer_of(guaranteed_attention(TensorAttentionInput{m[0], m[1], m[2], m[3], m[4]}, request));
      return answer_of(guaranteed_attention(AttentionInput{m[0], m[1], m[2]}, request));
    } catch (const BudgetMissed& missed) {  // it declines: no output, no guarantee
      return {{}, {}, missed.what()};
    }
  };
}

/// The kernels themselves, in T; the entries are T's, so that the guarantee is about the same input.
template <class T>
ProgramAnswer answer_in(const BoundedOutput<T>& r) {
  return {r.output.template cast<double>(),
          Guarantee{r.bound.value(), r.bound_approximation.value(), r.bound_rounding.value()}, ""};
}
template <class T>
Run own_exact() {
  return [](const ProgramInput& in) {
    const auto& m = in.matrices;
    return answer_in(
        exact_attention<T>(m[0].cast<T>(), m[1].cast<T>(), m[2].cast<T>(), mask_of(in), ThreadCount{1}));
  };
}
/// One plan for all inputs whose scores stay within [-2, 2] after the free shift; the others are declined.
template <class T>
Run own_polynomial(long degree) {
  return [degree](const ProgramInput& in) -> ProgramAnswer {
    static std::mutex guard;
    static std::map<std::pair<long, long>, std::shared_ptr<const PolynomialPlan>> plans;
    const auto& m = in.matrices;
    std::shared_ptr<const PolynomialPlan> plan;
    {
      const std::lock_guard lock(guard);
      auto& known = plans[{m[0].cols(), degree}];
      if (known == nullptr)
        known = std::make_shared<const PolynomialPlan>(m[0].cols(),
                                                       exp_polynomial_in_doubles({degree}, Rational(2)));
      plan = known;
    }
    const Matrix<T> q = m[0].cast<T>(), k = m[1].cast<T>(), v = m[2].cast<T>();
    const ScoreRange<T> range = score_range<T>(q, k);
    if (!(range.half_width <= Rational(2))) return {{}, {}, "scores beyond [-2, 2] after the shift"};
    return answer_in(polynomial_attention<T>(q, k, v, range, *plan, mask_of(in), ThreadCount{1}));
  };
}

// ---- What people write, over one floating-point type.

enum class Shift { none, row_maximum };

/// softmax(Q K^T/d) V, every operation in T.
template <class T>
Run plain_softmax(Shift shift) {
  return [=](const ProgramInput& in) -> ProgramAnswer {
    const Matrix<T> q = in.matrices[0].cast<T>(), k = in.matrices[1].cast<T>(), v = in.matrices[2].cast<T>();
    Matrix<T> out(q.rows(), v.cols());
    for (Index i = 0; i < q.rows(); ++i) {
      std::vector<T> s;
      for (Index j = 0; j < visible_keys(mask_of(in), i, k.rows()); ++j) {
        T sum = 0;
        for (Index l = 0; l < q.cols(); ++l) sum += q(i, l) * k(j, l);
        s.push_back(sum / static_cast<T>(q.cols()));
      }
      const T largest = shift == Shift::row_maximum ? *std::max_element(s.begin(), s.end()) : T(0);
      T denominator = 0;
      for (T& x : s) denominator += x = std::exp(x - largest);
      for (Index c = 0; c < v.cols(); ++c) {
        T numerator = 0;
        for (std::size_t j = 0; j < s.size(); ++j) numerator += s[j] * v(static_cast<Index>(j), c);
        out(i, c) = numerator / denominator;
      }
    }
    return {out.template cast<double>(), {}, ""};
  };
}

struct TaylorSection {
  long degree;
  double operator()(double x) const {
    double sum = 0;
    for (long t = degree; t > 0; --t) sum = (sum + 1) * x / static_cast<double>(t);
    return sum + 1;
  }
};
Run taylor(long degree) {
  return [=](const ProgramInput& in) -> ProgramAnswer {
    return {attention(in.matrices[0], in.matrices[1], in.matrices[2], mask_of(in), TaylorSection{degree}),
            {},
            ""};
  };
}

/// Positive random features (after Choromanski et al. 2021), as examples/challenge/random_features.py.
Run random_features(long count) {
  return [=](const ProgramInput& in) -> ProgramAnswer {
    const Matrix<double>&q = in.matrices[0], &k = in.matrices[1], &v = in.matrices[2];
    const double d = static_cast<double>(q.cols());
    Stream stream(0, "random features");
    const Matrix<double> w = stream.normal_matrix(count, q.cols());
    const auto features = [&](const Matrix<double>& x) {
      Matrix<double> phi = x * w.transpose() / std::sqrt(d);
      for (Index i = 0; i < x.rows(); ++i)
        phi.row(i) = (phi.row(i).array() - x.row(i).squaredNorm() / (2 * d)).exp();
      return phi;
    };
    const Matrix<double> weights = features(q) * features(k).transpose();
    Matrix<double> out(q.rows(), v.cols());
    for (Index i = 0; i < q.rows(); ++i) {
      const Index seen = visible_keys(mask_of(in), i, k.rows());
      out.row(i) = weights.row(i).head(seen) * v.topRows(seen) / weights.row(i).head(seen).sum();
    }
    return {out, {}, ""};
  };
}

long number_after(const std::string& name, const std::string& stem, long most) {
  const std::string digits = name.substr(stem.size());
  if (digits.empty() || digits.size() > 5 || digits.find_first_not_of("0123456789") != std::string::npos ||
      std::stol(digits) > most)
    throw InputError("--kernel", stem + "N, N at most " + std::to_string(most), "'" + name + "'");
  return std::stol(digits);
}

}  // namespace

const std::vector<KernelDescription>& named_kernels() {
  static const std::vector<KernelDescription> list = {
      {"exact", "this project's exact attention or gradient, double, guaranteed"},
      {"polynomial", "this project's polynomial method, double, guaranteed, budget 1e-6"},
      {"exact-float64", "its fused exact kernel alone"},
      {"exact-float32", "the same in float, entries of float"},
      {"polynomial-float64", "its monomial kernel alone, degree 8 on scores within [-2, 2]"},
      {"polynomial-float32", "the same in float, entries of float"},
      {"softmax-float32", "plain softmax attention in float32, shifted by the row's maximum"},
      {"softmax-float32-unshifted", "the same without the shift"},
      {"softmax-float64", "plain softmax attention in double, shifted"},
      {"taylor-3", "Taylor section of exp of odd degree, double (taylor-N for any N <= 40)"},
      {"taylor-4", "Taylor section of even degree"},
      {"random-features-256", "256 positive random features (random-features-N for any N <= 4096)"},
  };
  return list;
}

Program named_kernel(const std::string& name, ProgramKind kind) {
  const auto starts_with = [&](const char* stem) { return name.rfind(stem, 0) == 0; };
  Run run;
  bool any_kind = false;
  EntryType entries = EntryType::float64;
  if (name == "exact") {
    run = own(MethodChoice::exact, Rational(1, 100000000));
    any_kind = true;
  } else if (name == "polynomial") {
    run = own(MethodChoice::polynomial, Rational(1, 1000000));
    any_kind = true;
  } else if (name == "exact-float64") {
    run = own_exact<double>();
  } else if (name == "exact-float32") {
    run = own_exact<float>();
    entries = EntryType::float32;
  } else if (name == "polynomial-float64") {
    run = own_polynomial<double>(8);
  } else if (name == "polynomial-float32") {
    run = own_polynomial<float>(8);
    entries = EntryType::float32;
  } else if (name == "softmax-float32") {
    run = plain_softmax<float>(Shift::row_maximum);
  } else if (name == "softmax-float32-unshifted") {
    run = plain_softmax<float>(Shift::none);
  } else if (name == "softmax-float64") {
    run = plain_softmax<double>(Shift::row_maximum);
  } else if (starts_with("taylor-")) {
    run = taylor(number_after(name, "taylor-", 40));
  } else if (starts_with("random-features-")) {
    run = random_features(std::max(1L, number_after(name, "random-features-", 4096)));
  } else {
    std::string names;
    for (const KernelDescription& k : named_kernels()) names += (names.empty() ? "" : ", ") + k.name;
    throw InputError("--kernel", "one of " + names, "'" + name + "'");
  }
  if (!any_kind && kind != ProgramKind::matrix && kind != ProgramKind::causal)
    throw InputError("--kind", "matrix or causal for the kernel " + name,
                     "'" + std::string(attnbounds::name(kind)) + "'");
  return {name, Concurrency::any_thread, entries, run};
}

}  // namespace attnbounds
