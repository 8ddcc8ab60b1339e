#include "sweep/theory.hpp"

#include <cmath>

#include "numeric/exact_text.hpp"
#include "phase/certificate.hpp"
#include "phase/limit.hpp"
#include "reductions/attention/hardness.hpp"

namespace attnbounds {

SweepJson rounded_enclosure(const Interval& x, int digits) {
  return {{"lower", decimal_down(lower(x), digits)}, {"upper", decimal_up(upper(x), digits)}};
}

namespace {

// Seconds of one task on one core, measured on the machine this was written on.
constexpr double kPointSeconds = 0.03, kStarSeconds = 0.5, kCrossoverSeconds = 2, kStarPoints = 15;

/// Two exchanges of degree near gamma log n, where these are asked for.
double exchange_seconds(const PhasePoint& p) {
  if (p.largest_exchange <= kQuickExchange || p.B) return 0;
  const WorkingPrecision precision(Bits{128});
  const double degree =
      nearest(midpoint(p.n.log())) *
      nearest(limit_degree_ratio(to_rational(std::pow(nearest(p.kappa), order(p.kind))), p.C).lower());
  return degree <= kQuickExchange || degree > static_cast<double>(p.largest_exchange)
             ? 0
             : 14 * std::pow(degree / 571, 2);
}
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
         " C=" + exact_text(p.C) + rest +
         (p.largest_exchange == kQuickExchange ? "" : " exchange=" + std::to_string(p.largest_exchange));
}
std::string entries(const PhasePoint& p) {
  return p.B ? " B=" + exact_text(*p.B) : " kappa=" + exact_text(p.kappa);
}
void add_entries(SweepJson& line, const PhasePoint& p) {
  if (p.B) line["B"] = exact_text(*p.B);
  else line["kappa"] = exact_text(p.kappa);
}

SweepJson printed_limit(const PhasePoint& p) {
  return rounded_enclosure(limit_exponent(p.kind, p.kappa, p.c, p.C).interval());
}
PhasePoint at_kappa(PhasePoint p, const Rational& kappa) {
  p.kappa = kappa;
  return p;
}

/// The certificates of what a run reports, by their names: exponents of these points and limits of those;
/// none where the checker could not prove one of them.
struct Reported {
  const char* name;
  PhasePoint point;
  PhaseValue value = {};  // not of a limit
};
SweepJson certificates(const std::vector<Reported>& points, const std::vector<Reported>& limits) {
  SweepJson proofs = SweepJson::object();
  for (const auto& [name, p, value] : points) {
    const auto certificate = threshold_certificate(p, value, rounded_enclosure(value.exponent));
    if (!certificate) return SweepJson::object();
    proofs[name] = *certificate;
  }
  for (const auto& [name, p, value] : limits) proofs[name] = limit_certificate(p, printed_limit(p));
  return proofs;
}

SweepJson point_line(const PhasePoint& p, Estimate operations_a_second, DegreeProofs proofs) {
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
  if (!p.B) line["limit_exponent"] = printed_limit(p);
  if (proofs == DegreeProofs::with) line["proofs"] = certificates({{"exponent", p, value}}, {{"limit", p}});
  return line;
}

SweepJson star_line(const PhasePoint& p, DegreeProofs proofs) {
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
  const DecidedBy by = p.problem == Problem::forward ? DecidedBy::outputs : DecidedBy::gradients;
  line["hard_direct"] = nullptr;
  if (d >= 2) line["hard_direct"] = rounded_enclosure(direct_kappa(arity, p.n.log(), d, by));
  for (const auto& [key, code] : {std::pair("hard_reed_solomon", CodeKind::reed_solomon),
                                  std::pair("hard_hermitian", CodeKind::hermitian)}) {
    line[key] = nullptr;
    if (const auto gap = gap_kappa(code, arity, p.n.log(), d, kAdviceExponent, by))
      line[key] = {{"nodes", gap->nodes},
                   {"columns", gap->columns},
                   {"field", gap->field},
                   {"advice_exponent", rounded_enclosure(gap->advice_exponent)},
                   {"log10_kappa", decimal_log(gap->log_kappa)},
                   {"log10_d", decimal_log(gap->log_dimension)}};
  }
  line["hard_tower_limit"] = nullptr;
  if (const auto tower = tower_limit_kappa(arity, p.c, kAdviceExponent, by))
    line["hard_tower_limit"] = {{"root", tower->root},
                                {"columns", tower->columns},
                                {"log10_kappa_estimate", tower->log_kappa.value / std::log(10.0)}};
  if (proofs == DegreeProofs::with) {
    const auto end = [&](const char* name, const Rational& kappa) {
      return Reported{name, at_kappa(p, kappa), phase_value(at_kappa(p, kappa))};
    };
    const auto limit = [&](const char* key) {
      return at_kappa(p, rational_from_text(line["limit"].at(key).get<std::string>(), "limit"));
    };
    line["proofs"] =
        certificates({end("pays", star.pays), end("does not pay", star.does_not_pay)},
                     {{"limit from below", limit("lower")}, {"limit from above", limit("upper")}});
  }
  return line;
}

SweepJson crossover_line(const PhasePoint& p, long last) {
  const Crossover found = crossover(p, last);
  SweepJson line = identity("crossover", p);
  add_entries(line, p);
  const auto power = [](long k) { return k == 0 ? SweepJson() : SweepJson("2^" + std::to_string(k)); };
  line["first_pays"] = power(found.first_pays);
  line["first_does_not_pay"] = power(found.first_does_not_pay);
  line["last_does_not_pay"] = power(found.last_does_not_pay);
  line["last_pays"] = power(found.last_pays);
  line["first_fewer_operations"] = power(found.first_fewer_operations);
  line["last_fewer_operations"] = power(found.last_fewer_operations);
  line["last_not_fewer_operations"] = power(found.last_not_fewer_operations);
  line["scanned_to"] = power(found.scanned_to);
  return line;
}

}  // namespace

std::string theory_name(const SweepJson& line) {
  const auto text = [&](const char* key) { return line.at(key).get<std::string>(); };
  const char* entries = line.contains("B") ? "B" : "kappa";
  return text("record") + " " + text("kind") + " " + text("problem") + " c=" + text("c") + " C=" + text("C") +
         " n=" + text("n") + (line.contains(entries) ? std::string(" ") + entries + "=" + text(entries) : "");
}

std::vector<SweepTask> theory_tasks(const TheoryGrid& grid) {
  std::vector<SweepTask> tasks;
  for (const AttentionKind kind : grid.kinds)
    for (const Rational& c : grid.c)
      for (const Rational& C : grid.C) {
        PhasePoint base{kind, grid.problem, {}, 0, c, C};
        base.largest_exchange = grid.largest_exchange;
        std::vector<PhasePoint> settings;  // kappa or B
        for (const Rational& x : grid.B.empty() ? grid.kappa : grid.B) {
          settings.push_back(base);
          if (grid.B.empty()) settings.back().kappa = x;
          else settings.back().B = x;
        }
        for (const TokenCount& n : grid.n) {
          for (PhasePoint p : settings) {
            p.n = n;
            tasks.push_back({words("point", p, " n=" + n.text + entries(p)),
                             Estimate(kPointSeconds + exchange_seconds(p)),
                             [p, rate = grid.operations_a_second, proofs = grid.proofs] {
                               return point_line(p, rate, proofs);
                             }});
          }
          if (grid.stars == Stars::none) continue;
          PhasePoint p = base;
          p.n = n;
          PhasePoint near = p;
          near.kappa =
              dyadic(scaled_floor(to_rational(midpoint(limit_kappa_star(kind, c, C).interval())), 10), -10);
          tasks.push_back({words("kappa_star", p, " n=" + n.text),
                           Estimate(kStarSeconds + kStarPoints * exchange_seconds(near)),
                           [p, proofs = grid.proofs] { return star_line(p, proofs); }});
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
