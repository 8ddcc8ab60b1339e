#include "cli/verify_paper.hpp"

#include <cstdio>

#include "cli/terminal.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "proofs_check/claim.hpp"
#include "report/paper_claims.hpp"
#include "report/program.hpp"

namespace attnbounds {

ExitStatus verify_paper(const std::string& file, const std::string& out, const CommonOptions& options) {
  const PaperClaims claims = paper_claims_from_text(read_file(file), file);
  for (const PaperItem& item : claims.items)
    if (!item.claim.empty()) claim_by_id(item.claim);  // before anything runs
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  const PaperReview review = review_paper(
      claims, file,
      [&](std::vector<std::string> words, const std::filesystem::path& folder) {
        if (options.threads > 0 && std::find(words.begin(), words.end(), "--threads") == words.end())
          words.insert(words.end(), {"--threads", std::to_string(options.threads)});
        words.insert(words.begin(), self);
        const Said said = run_and_listen(std::move(words), folder);
        return CommandAnswer{said.status, said.output, said.errors};
      },
      [](const std::string& id) { return std::string(name(claim_by_id(id).standing)); });
  if (!out.empty()) {
    std::error_code error;
    std::filesystem::create_directories(out, error);
    if (error) throw InputError(out, "a directory that can be made", error.message());
    const std::filesystem::path folder = out;
    write_file_atomically(folder / "badge.html", badge_html(review));
    write_file_atomically(folder / "badge.md", badge_markdown(review));
    write_file_atomically(folder / "badge.tex", badge_latex(review));
    write_file_atomically(folder / "review.json", review_json(review).dump(1) + "\n");
  }
  if (options.json) print_json(review_json(review));
  else std::fputs(fitted(badge_text(review)).c_str(), stdout);
  const Verdict verdict = review.verdict();
  return verdict == Verdict::verified  ? ExitStatus::answered
         : verdict == Verdict::refuted ? ExitStatus::refuted
                                       : ExitStatus::undecided;
}

}  // namespace attnbounds
