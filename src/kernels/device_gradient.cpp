#include "kernels/cuda/bounds.hpp"
#include "kernels/device_attention.hpp"
#include "kernels/device_jobs.hpp"
#include "kernels/gradient_guarantee.hpp"
#include "numeric/stopwatch.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;

/// The roundings that the device counted, and those of the job's entries: x and each side's variables a
/// degree each, h and y of each side, A1 on the way of gamma.
template <class T>
TermErrors term_errors(const cuda::Gradient& gradient, const GradientPlan& plan, long degree) {
  const long sides = static_cast<long>(plan.sides.size()), entry = roundings_of_entries<T>;
  cuda::TermRoundings of_sums = gradient.of_sums, of_entries = gradient.of_entries;
  of_sums.narrow += entry * (degree * (1 + sides) + sides);
  of_entries.narrow += entry * (degree * (1 + sides) + 2 * sides + 1);
  const auto relative = [](cuda::TermRoundings roundings) {
    const double bound = cuda::gamma<T>(roundings).value();
    return bound < INFINITY ? UpperBound::exactly(bound) : UpperBound::infinite();
  };
  // The job's entries may underflow, too, and so may the features of the padded places.
  return {relative(of_sums), relative(of_entries),
          UpperBound::exactly(sizeof(T) == 8 ? 0x1p-600 : 4 * gradient.lost)};
}

template <class T>
AttentionResult gradient_on(const GradientPlan& plan, const CertifiedPolynomial& polynomial) {
  const cuda::Where where = current_device() == Device::cuda ? cuda::Where::device : cuda::Where::emulated;
  const std::vector<double> coefficients = coefficients_in_doubles(polynomial.polynomial);
  const DeviceGradient<T> device(plan);
  cuda::Gradient gradient;
  if constexpr (sizeof(T) == 4)
    gradient = current_arithmetic() == Arithmetic::mixed
                   ? cuda::mixed_gradient(where, device.job, coefficients)
                   : cuda::gradient(where, device.job, coefficients);
  else gradient = cuda::gradient(where, device.job, coefficients);

  std::vector<ValueSums> sums;
  for (const KeySide& side : plan.sides) {
    ValueSums& of_side = sums.emplace_back(plan.columns, plan.d);
    for (Index first = 0; first < side.count; first += block_of_tokens) {
      const Index last = std::min(side.count, first + block_of_tokens);
      of_side.add(side.scaled_values(first, last), side.scaled_keys(first, last));
    }
  }
  const GradientGuarantee guarantee(
      plan, polynomial, std::move(sums),
      term_errors<T>(gradient, plan, static_cast<long>(coefficients.size()) - 1));
  ErrorSums errors(plan.d);
  for (Index first = 0; first < plan.n; first += block_of_tokens)
    guarantee.rows(first, plan.queries(first, std::min(plan.n, first + block_of_tokens)),
                   gradient.sums.data() + first * (plan.columns + 1), errors);
  return guarantee.result(gradient.entries, errors);
}

}  // namespace

AttentionResult polynomial_gradient_on_device(const GradientPlan& plan,
                                              const CertifiedPolynomial& polynomial) {
  const Stopwatch clock;
  AttentionResult result = current_arithmetic() == Arithmetic::in_double
                               ? gradient_on<double>(plan, polynomial)
                               : gradient_on<float>(plan, polynomial);
  result.seconds = clock.seconds();
  return result;
}

}  // namespace attnbounds
