#include "gluesweep/cli/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gluesweep::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string message_of(const std::vector<std::string>& arguments) {
  try {
    parse_arguments(arguments);
  } catch (const job::InputError& error) {
    return error.what();
  }
  return "(accepted)";
}

std::string help_of(const std::vector<std::string>& arguments) {
  return std::get<HelpRequest>(parse_arguments(arguments)).text;
}

TEST(Options, RunTakesAllItsOptions) {
  const auto run = std::get<RunOptions>(
      parse_arguments({"run", "a.yaml", "-o", "b.h5", "--set", "sweep.samples=64", "--device=cpu",
                       "--progress", "plain", "--set", "run.block=8", "--max-failed", "0.5", "--dry-run"}));
  EXPECT_EQ(run.job, "a.yaml");
  EXPECT_EQ(run.output, "b.h5");
  EXPECT_THAT(run.overrides, ElementsAre("sweep.samples=64", "run.block=8"));
  EXPECT_EQ(run.device, "cpu");
  EXPECT_EQ(run.progress, ProgressStyle::plain);
  EXPECT_EQ(run.max_failed, 0.5);
  EXPECT_TRUE(run.dry_run);
}

TEST(Options, RunHasDefaults) {
  const auto run = std::get<RunOptions>(parse_arguments({"run", "a.yaml"}));
  EXPECT_EQ(run.output, "");
  EXPECT_EQ(run.device, "");
  EXPECT_EQ(run.progress, ProgressStyle::automatic);
  EXPECT_EQ(run.max_failed, 0.01);
  EXPECT_FALSE(run.dry_run);
}

TEST(Options, ShowAndCheck) {
  const auto show = std::get<ShowOptions>(parse_arguments({"show", "a.h5", "--worst", "3"}));
  EXPECT_EQ(show.file, "a.h5");
  EXPECT_EQ(show.worst, 3);
  const auto check = std::get<CheckOptions>(parse_arguments({"check", "--set", "a=b", "a.yaml"}));
  EXPECT_EQ(check.job, "a.yaml");
  EXPECT_THAT(check.overrides, ElementsAre("a=b"));
}

TEST(Options, DiagnoseTakesAllItsOptions) {
  const auto diagnose = std::get<DiagnoseOptions>(parse_arguments(
      {"diagnose", "a.yaml", "-o", "b.h5", "--set", "network.trunk.layers=8", "--width", "50", "--width=200",
       "--draws", "4", "--depth", "16", "--coefficients", "c.h5", "--seed", "7"}));
  EXPECT_EQ(diagnose.subject, "a.yaml");
  EXPECT_EQ(diagnose.output, "b.h5");
  EXPECT_THAT(diagnose.overrides, ElementsAre("network.trunk.layers=8"));
  EXPECT_THAT(diagnose.widths, ElementsAre(50, 200));
  EXPECT_EQ(diagnose.draws, 4);
  EXPECT_EQ(diagnose.depth, 16);
  EXPECT_EQ(diagnose.coefficients, "c.h5");
  EXPECT_EQ(diagnose.seed, 7u);
  EXPECT_THAT(message_of({"diagnose", "a.yaml", "--draws", "1"}), HasSubstr("0, or 2 and more"));
  EXPECT_THAT(message_of({"diagnose", "a.yaml", "--width", "1"}), HasSubstr("--width is a number from 2"));
  EXPECT_THAT(message_of({"diagnose", "a.yaml", "--depth", "7"}), HasSubstr("--depth is a number from 8"));
  EXPECT_THAT(message_of({"diagnose"}), HasSubstr("no JOB or FILE is given"));
}

TEST(Options, CompareTakesAllItsOptions) {
  const auto compare = std::get<CompareOptions>(parse_arguments(
      {"compare", "a.yaml", "-o", "b.h5", "--set", "run.block=8", "--points", "1024", "--methods",
       "adam:sum,matching", "--format", "markdown", "--device", "cpu", "--progress", "none"}));
  EXPECT_EQ(compare.job, "a.yaml");
  EXPECT_EQ(compare.output, "b.h5");
  EXPECT_THAT(compare.overrides, ElementsAre("run.block=8"));
  EXPECT_EQ(compare.points, 1024);
  ASSERT_EQ(compare.methods.size(), 2U);
  EXPECT_EQ(compare.methods[0].method, "adam");
  EXPECT_EQ(compare.methods[0].ansatz, "sum");
  EXPECT_EQ(compare.methods[1].ansatz, "");
  EXPECT_EQ(compare.format, TableFormat::markdown);
  EXPECT_EQ(compare.progress, ProgressStyle::none);
}

TEST(Options, CompareRunsAllMethodsByDefault) {
  const auto compare = std::get<CompareOptions>(parse_arguments({"compare", "a.yaml"}));
  std::string names;
  for (const MethodChoice& choice : compare.methods) names += choice.method + " ";
  EXPECT_EQ(names, "gauss_newton adam plain matching ");
  EXPECT_EQ(compare.points, 0);
  EXPECT_EQ(compare.format, TableFormat::text);
}

TEST(Options, CompareRefusesWhatItDoesNotKnow) {
  EXPECT_EQ(message_of({"compare", "a.yaml", "--methods", "gauss_newton,adm"}),
            "gluesweep compare: --methods: unknown method 'adm'; did you mean 'adam'?\n"
            "Accepted: gauss_newton, adam, plain, matching.\nSee 'gluesweep compare --help'.");
  EXPECT_THAT(message_of({"compare", "a.yaml", "--methods", "adam:smu"}),
              HasSubstr("unknown ansatz 'smu'; did you mean 'sum'?\nAccepted: frames, sum."));
  EXPECT_THAT(message_of({"compare", "a.yaml", "--methods", "adam,adam"}),
              HasSubstr("'adam' is given twice"));
  EXPECT_THAT(message_of({"compare", "a.yaml", "--methods", ""}),
              HasSubstr("--methods is given an empty value"));
  EXPECT_THAT(message_of({"compare", "a.yaml", "--methods", "adam,"}), HasSubstr("unknown method ''"));
  EXPECT_THAT(message_of({"compare", "a.yaml", "--points", "0"}), HasSubstr("1 to 1,000,000,000, not 0."));
  EXPECT_THAT(message_of({"compare", "a.yaml", "--points", "1000000001"}), HasSubstr("not 1000000001."));
  EXPECT_THAT(message_of({"compare", "a.yaml", "--format", "markdwon"}),
              HasSubstr("not 'markdwon'; did you mean 'markdown'?"));
}

TEST(Options, SeedsHaveNoSign) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"emulate", "a.h5"}, {"refine", "a.h5", "a.yaml", "-o", "p.csv"}, {"diagnose", "a.yaml"}}) {
    auto all = words;
    all.insert(all.end(), {"--seed", "-1"});
    EXPECT_THAT(message_of(all), HasSubstr("--seed is a whole number from 0 on, not -1"));
  }
}

TEST(Options, UnknownCommandNamesTheNearestAndAll) {
  EXPECT_EQ(message_of({"rnu", "a.yaml"}),
            "gluesweep: unknown command 'rnu'; did you mean 'run'?\n"
            "Commands: run, check, compare, show, merge, emulate, refine, predict, diagnose; options: "
            "--help, --version. See 'gluesweep --help'.");
  EXPECT_THAT(message_of({"fly"}), HasSubstr("unknown command 'fly'\nCommands: run, check, compare, show"));
  EXPECT_THAT(message_of({"--verison"}), HasSubstr("unknown option '--verison'; did you mean '--version'?"));
  EXPECT_THAT(message_of({}), HasSubstr("no command is given"));
}

TEST(Options, UnknownOptionNamesTheNearestAndAll) {
  EXPECT_EQ(message_of({"run", "a.yaml", "--ouput", "b.h5"}),
            "gluesweep run: unknown option '--ouput'; did you mean '--output'?\n"
            "Accepted options: --help, --output, --set, --device, --progress, --max-failed, "
            "--resume, --retry-failed, --overwrite, --part, --dry-run.\n"
            "See 'gluesweep run --help'.");
  // An abbreviation is not guessed: another option may take its meaning later.
  EXPECT_THAT(message_of({"run", "a.yaml", "--dry"}),
              HasSubstr("unknown option '--dry'; did you mean '--dry-run'?"));
  EXPECT_THAT(message_of({"show", "a.h5", "--set", "a=b"}), HasSubstr("Accepted options: --help, --worst"));
}

TEST(Options, SayHowARunBegins) {
  const auto run = [](std::vector<std::string> words) {
    words.insert(words.begin(), {"run", "a.yaml"});
    return std::get<RunOptions>(parse_arguments(words));
  };
  EXPECT_FALSE(run({}).resume);
  EXPECT_TRUE(run({"--resume"}).resume);
  EXPECT_TRUE(run({"--retry-failed"}).resume);
  EXPECT_TRUE(run({"--overwrite"}).overwrite);
  EXPECT_EQ(run({"--part", "3/8"}).part, 3);
  EXPECT_EQ(run({"--part", "3/8"}).parts, 8);
  EXPECT_EQ(run({"--resume"}).words, (std::vector<std::string>{"a.yaml", "--resume"}));
  EXPECT_THAT(message_of({"run", "a.yaml", "--resume", "--overwrite"}), HasSubstr("give one of them"));
  for (const char* bad : {"0/3", "4/3", "3", "a/b", "1/", "/2", "-1/2", "1/2/3", "1e0/2"})
    EXPECT_THAT(message_of({"run", "a.yaml", "--part", bad}), HasSubstr("e.g. 3/8")) << bad;
}

TEST(Options, EmptyValuesAreNotTheDefault) {
  for (const char* option : {"--output", "--device", "--progress", "--part"}) {
    EXPECT_THAT(
        message_of({"run", "a.yaml", option, ""}),
        HasSubstr(std::string(option) + " is given an empty value: give it one, or leave the option out"));
  }
  EXPECT_THAT(message_of({"check", "a.yaml", "--device", ""}), HasSubstr("--device is given an empty value"));
}

TEST(Options, MessagesAreShortAndPrintable) {
  EXPECT_THAT(message_of({"r\x1b[31m\n"}), HasSubstr("unknown command 'r\\x1b[31m\\x0a'"));
  const std::string longest(100000, 'x');
  const std::vector<std::vector<std::string>> lines{{longest},
                                                    {"run", "a.yaml", "--" + longest},
                                                    {"run", "a.yaml", longest},
                                                    {"show", "a", "--worst", longest}};
  for (const auto& line : lines) EXPECT_LT(message_of(line).size(), 700u);
}

TEST(Options, ArgumentsAreCounted) {
  EXPECT_THAT(message_of({"run"}), HasSubstr("gluesweep run: no JOB is given"));
  EXPECT_THAT(message_of({"show"}), HasSubstr("gluesweep show: no FILE is given"));
  EXPECT_THAT(message_of({"run", "a.yaml", "b.yaml"}),
              HasSubstr("takes one JOB, but 'b.yaml' is given after 'a.yaml'"));
}

TEST(Options, ValuesAreChecked) {
  EXPECT_THAT(message_of({"run", "a.yaml", "--max-failed", "2"}),
              HasSubstr("--max-failed is a share of the points, 0 to 1, not 2."));
  EXPECT_THAT(message_of({"run", "a.yaml", "--max-failed", "nan"}), HasSubstr("0 to 1, not nan."));
  EXPECT_THAT(message_of({"run", "a.yaml", "--max-failed", "few"}), HasSubstr("few"));
  EXPECT_THAT(message_of({"run", "a.yaml", "--progress", "plian"}),
              HasSubstr("--progress takes auto, bar, plain or none, not 'plian'; did you mean 'plain'?"));
  EXPECT_THAT(message_of({"run", "a.yaml", "-o", "a.h5", "-o", "b.h5"}),
              HasSubstr("'--output' is given more than"));
  EXPECT_THAT(message_of({"run", "a.yaml", "-o"}), HasSubstr("--output"));
  EXPECT_THAT(message_of({"show", "a.h5", "--worst", "-1"}), HasSubstr("--worst"));
}

TEST(Options, HelpOfEachCommandHasExamplesAndExitCodes) {
  EXPECT_THAT(help_of({"--help"}), HasSubstr("exit codes:"));
  EXPECT_THAT(help_of({"--help"}), HasSubstr("75  stopped early"));
  for (const std::string command : {"run", "check", "compare", "show"}) {
    EXPECT_THAT(help_of({command, "--help"}), HasSubstr("examples:\n  gluesweep " + command)) << command;
    EXPECT_THAT(help_of({command, "--help"}), HasSubstr("usage: gluesweep " + command)) << command;
  }
  EXPECT_THAT(help_of({"run", "--help"}), HasSubstr("75 stopped early: --resume goes on"));
}

}  // namespace
}  // namespace gluesweep::cli
