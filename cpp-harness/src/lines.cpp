#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>

#include "commands.hpp"
#include "error.hpp"

namespace harness {

void write_line(const json & answer) {
    // Names and texts from a model need not be UTF-8; a message always is.
    const std::string text = answer.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
        const int error = errno;
        throw failure(code_of_failed_write(error),
                      std::string("standard output cannot be written: ") + std::strerror(error));
    }
}

void for_each_line(const std::function<void(const std::string &)> & answer) {
    std::string line;
    for (size_t number = 1; std::getline(std::cin, line); ++number) {
        try {
            answer(line);
        } catch (const failure & error) {
            const std::string where = "request on line " + std::to_string(number) + ": ";
            throw failure(error.code(), where + error.what());
        }
    }
}

json error_answer(const std::string & schema, const std::string & id, const std::string & error) {
    return json{{"schema", schema}, {"id", id}, {"error", error}};
}

}  // namespace harness
