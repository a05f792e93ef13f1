import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;

/** Answers each line, a file in Base64, with the names and values that java.util.Properties finds in it. */
class ReadProperties {
    public static void main(String[] arguments) throws IOException {
        var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line; (line = input.readLine()) != null; ) {
            var file = Base64.getDecoder().decode(line);
            var bytes = new Properties();
            bytes.load(new ByteArrayInputStream(file));
            var text = new Properties();
            text.load(new StringReader(new String(file, StandardCharsets.UTF_8)));
            if (!bytes.equals(text)) throw new AssertionError("ISO 8859-1 and UTF-8 give different properties");
            var answer = new StringBuilder();
            for (var name : bytes.stringPropertyNames())
                for (var word : List.of(name, bytes.getProperty(name)))
                    answer.append(Base64.getEncoder().encodeToString(word.getBytes(StandardCharsets.UTF_8))).append(' ');
            System.out.println(answer.append("end"));
        }
    }
}
