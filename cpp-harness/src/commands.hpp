// The sub-commands. Each writes answers to standard output and throws a failure to end early.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "json.hpp"
#include "settings.hpp"

namespace harness {

// An empty path: no model is named.
void describe(const std::string & model_path);

void tokenize_lines(const std::string & model_path);

struct evaluate_flags {
    std::string model_path;
    std::string out_folder;
    settings values;
    bool own_micro_batch = false;  // the user chose it
};
void evaluate_lines(const evaluate_flags & flags);

struct quantize_flags {
    std::string type;
    std::string in_path;
    std::string out_path;
    std::string token_embedding_type;  // empty: as the type says
    std::string output_type;           // empty: as the type says
    bool pure = false;
    bool allow_requantize = false;
    uint32_t threads = 1;
};
void quantize(const quantize_flags & flags);

struct tensor_flags {
    std::string name;
    std::string model_path;
    std::string out_path;
    std::string times;  // empty: no product
};
// Writes the tensor's values, or its product with the tensor `times` of the same file.
void tensor(const tensor_flags & flags);

// One line of answer, flushed.
void write_line(const json & answer);

// Calls `answer` for each line of standard input. A failure gets the line's number into its message.
void for_each_line(const std::function<void(const std::string &)> & answer);

// `{"schema": …, "id": …, "error": …}`
json error_answer(const std::string & schema, const std::string & id, const std::string & error);

}  // namespace harness
