#include "sweep/theory.hpp"

#include <cmath>

#include "numeric/exact_text.hpp"
#include "phase/limit.hpp"
#include "reductions/attention/hardness.hpp"

namespace attnbounds {

SweepJson rounded_enclosure(const Interval& x, int digits) {
  return {{"lower", decimal_down(lower(x), digits)}, {"upper", decimal_up(upper(x), digits)}};
}

namespace {

// Seconds of one task on one core, measured on the machine this was written on.
constexpr double kPointSeconds = 0.03, kStarSeconds = 0.5, kCrossoverSeconds = 2;
const Rational kStarTolerance(1, 1000), kAdviceExponent(1, 2);

SweepJson decimal_log(const Interval& natural_log) {
  return rounded_enclosure(natural_log / log(Interval(10)));
}

SweepJson identity(const char* record, const PhasePoint& p) {
  return {{"record", record},
          {"kind", name(p.kind)},
          {"problem", name(p.problem)},
          {"c", exact_text(p.c)},
          {"C", exact_text(p.C)}};
}

std::string words(const char* record, const PhasePoint& p, const std::string& rest) {
  return std::string(record) + " " + name(p.kind) + " " + name(p.problem) + " c=" + exact_text(p.c) +
         " C=" + exact_text(p.C) + rest;
}
std::string entries(const PhasePoint& p) {
  return p.B ? " B=" + exact_text(*p.B) : " kappa=" + exact_text(p.kappa);
}
void add_entries(SweepJson& line, const PhasePoint& p) {
  if (p.B) line["B"] = exact_text(*p.B);
  else line["kappa"] = exact_text(p.kappa);
}

SweepJson point_line(const PhasePoint& p, Estimate operations_a_second) {
  const WorkingPrecision precision(Bits{128});
  const PhaseValue value = phase_value(p);
  const Interval log_n = p.n.log();
  SweepJson line = identity("point", p);
  line["n"] = p.n.text;
  line["log_n"] = rounded_enclosure(log_n);
  add_entries(line, p);
  line["kappa_decimal"] =
      p.B ? nearest(*p.B) / std::pow(nearest(midpoint(log_n)), 1.0 / static_cast<double>(order(p.kind)))
          : nearest(p.kappa);
  line["d"] = value.dimension;
  line["half_width"] = nearest(value.half_width);
  line["degree"] = value.degree.value;
  line["degree_needed"] = value.degree_needed.value;
  line["log10_rank"] = decimal_log(log(enclose(Rational(value.rank))));
  line["log10_features"] = decimal_log(value.log_features);
  line["log10_operations"] = decimal_log(value.log_operations);
  line["log10_exact_operations"] = decimal_log(value.log_exact_operations);
  line["log10_seconds_estimate"] =
      nearest(midpoint(value.log_operations)) / std::log(10.0) - std::log10(operations_a_second.value);
  line["exponent"] = rounded_enclosure(value.exponent);
  line["pays"] = name(value.pays);
  line["fewer_operations"] = name(value.fewer_operations);
  if (!p.B) line["limit_exponent"] = rounded_enclosure(limit_exponent(p.kind, p.kappa, p.c, p.C).interval());
  return line;
}

SweepJson star_line(const PhasePoint& p) {
  const WorkingPrecision precision(Bits{128});
  const KappaStar star = kappa_star(p, kStarTolerance);
  const long arity = order(p.kind), d = dimension(p.n, p.c);
  SweepJson line = identity("kappa_star", p);
  line["n"] = p.n.text;
  line["log_n"] = rounded_enclosure(p.n.log());
  line["pays"] = exact_text(star.pays);
  line["pays_decimal"] = round_down(star.pays);
  line["does_not_pay"] = exact_text(star.does_not_pay);
  line["does_not_pay_decimal"] = round_up(star.does_not_pay);
  line["limit"] = rounded_enclosure(limit_kappa_star(p.kind, p.c, p.C).interval());
  // What the reductions need: directly at this d; through the protocol from vectors of dimension d.
  line["hard_direct"] = nullptr;
  if (d >= 2) line["hard_direct"] = rounded_enclosure(direct_kappa(arity, p.n.log(), d));
  line["hard_gap"] = nullptr;
  if (const auto gap = gap_kappa(arity, p.n.log(), d, kAdviceExponent))
    line["hard_gap"] = {{"nodes", gap->nodes},
                        {"columns", gap->columns},
                        {"field", gap->field},
                        {"advice_exponent", exact_text(kAdviceExponent)},
                        {"log10_kappa", decimal_log(gap->log_kappa)},
                        {"log10_d", decimal_log(gap->log_dimension)}};
  return line;
}

SweepJson crossover_line(const PhasePoint& p, long last) {
  const Crossover found = crossover(p, last);
  SweepJson line = identity("crossover", p);
  add_entries(line, p);
  const auto power = [](long k) { return k == 0 ? SweepJson() : SweepJson("2^" + std::to_string(k)); };
  line["first_pays"] = power(found.first_pays);
  line["last_does_not_pay"] = power(found.last_does_not_pay);
  line["last_pays"] = power(found.last_pays);
  line["scanned_to"] = power(found.scanned_to);
  return line;
}

}  // namespace

std::vector<SweepTask> theory_tasks(const TheoryGrid& grid) {
  std::vector<SweepTask> tasks;
  for (const AttentionKind kind : grid.kinds)
    for (const Rational& c : grid.c)
      for (const Rational& C : grid.C) {
        const PhasePoint base{kind, grid.problem, {}, 0, c, C};
        std::vector<PhasePoint> settings;  // kappa or B
        for (const Rational& kappa : grid.kappa)
          if (grid.B.empty()) settings.push_back({kind, grid.problem, {}, kappa, c, C});
        for (const Rational& B : grid.B) settings.push_back({kind, grid.problem, {}, 0, c, C, B});
        for (const TokenCount& n : grid.n) {
          for (PhasePoint p : settings) {
            p.n = n;
            tasks.push_back({words("point", p, " n=" + n.text + entries(p)), Estimate(kPointSeconds),
                             [p, rate = grid.operations_a_second] { return point_line(p, rate); }});
          }
          PhasePoint p = base;
          p.n = n;
          tasks.push_back(
              {words("kappa_star", p, " n=" + n.text), Estimate(kStarSeconds), [p] { return star_line(p); }});
        }
        if (grid.crossovers == Crossovers::with)
          for (const PhasePoint& p : settings)
            tasks.push_back(
                {words("crossover", p, entries(p) + " to=2^" + std::to_string(grid.crossover_last)),
                 Estimate(kCrossoverSeconds),
                 [p, last = grid.crossover_last] { return crossover_line(p, last); }});
      }
  return tasks;
}

}  // namespace attnbounds
