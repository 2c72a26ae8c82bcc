import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import org.jsmpp.bean.AlertNotification;
import org.jsmpp.bean.BindType;
import org.jsmpp.bean.DataCodings;
import org.jsmpp.bean.DataSm;
import org.jsmpp.bean.DeliverSm;
import org.jsmpp.bean.ESMClass;
import org.jsmpp.bean.NumberingPlanIndicator;
import org.jsmpp.bean.RegisteredDelivery;
import org.jsmpp.bean.TypeOfNumber;
import org.jsmpp.session.BindParameter;
import org.jsmpp.session.DataSmResult;
import org.jsmpp.session.MessageReceiverListener;
import org.jsmpp.session.SMPPSession;
import org.jsmpp.session.Session;

/**
 * jSMPP with as many threads as the window has slots, each waiting for its answer: the only window it has.
 *
 * <p>{@code PeerJsmpp --port P --count N --window W [--receipts]} prints one line of JSON. Where it does not come to
 * its end, that line has {@code stalled_after}. It has no ledger and no limit.
 */
public final class PeerJsmpp {
    /** As `bealert bench`: numbers of +888, which no telephone network routes. */
    private static final long FIRST_NUMBER = 88_810_000_000_000L;

    private static final String TEXT =
            "Exercise: this text measures a gateway, please do nothing. Number b%09d";

    /** Its default of 2 s reports messages as failed that a slow SMSC has accepted. */
    private static final long RESPONSE_TIMER_MS = 30_000;

    /** Without news from the far end. */
    private static final long GIVE_UP_NS = 5_000_000_000L;

    /** In all: what crawls is not waited for, its pace until then is told. */
    private static final long STOP_AFTER_NS = 15_000_000_000L;

    private final AtomicLong next = new AtomicLong();
    private final AtomicLong accepted = new AtomicLong();
    private final AtomicLong receipts = new AtomicLong();
    private int port;
    private long count;
    private int window;
    private boolean wantsReceipts;

    public static void main(String[] words) throws Exception {
        PeerJsmpp peer = new PeerJsmpp();
        for (int at = 0; at < words.length; at++) {
            switch (words[at]) {
                case "--port" -> peer.port = Integer.parseInt(words[++at]);
                case "--count" -> peer.count = Long.parseLong(words[++at]);
                case "--window" -> peer.window = Integer.parseInt(words[++at]);
                case "--receipts" -> peer.wantsReceipts = true;
                default -> throw new IllegalArgumentException(words[at]);
            }
        }
        peer.run();
        System.exit(0);
    }

    private void run() throws Exception {
        SMPPSession session = new SMPPSession();
        session.setTransactionTimer(RESPONSE_TIMER_MS);
        session.setMessageReceiverListener(new Counting());
        session.connectAndBind("127.0.0.1", port, new BindParameter(BindType.BIND_TRX, "bench", "bench", "",
                TypeOfNumber.UNKNOWN, NumberingPlanIndicator.UNKNOWN, ""));
        long began = System.nanoTime();
        long cpu = cpuNs();
        for (int slot = 0; slot < window; slot++) {
            Thread thread = new Thread(() -> fill(session));
            thread.setDaemon(true);
            thread.start();
        }
        long last = watch(began);
        say((last - began) / 1e9, (cpuNs() - cpu) / 1e3);
    }

    /** One slot of the window: sends, waits for the answer, sends the next. */
    private void fill(SMPPSession session) {
        RegisteredDelivery asked = new RegisteredDelivery(wantsReceipts ? 1 : 0);
        for (long number = next.getAndIncrement(); number < count; number = next.getAndIncrement()) {
            byte[] text = String.format(Locale.ROOT, TEXT, number).getBytes(StandardCharsets.US_ASCII);
            try {
                session.submitShortMessage("", TypeOfNumber.ALPHANUMERIC, NumberingPlanIndicator.UNKNOWN, "BE-Alert",
                        TypeOfNumber.INTERNATIONAL, NumberingPlanIndicator.ISDN, Long.toString(FIRST_NUMBER + number),
                        new ESMClass(), (byte) 0, (byte) 0, null, null, asked, (byte) 0, DataCodings.ZERO, (byte) 0,
                        text);
                accepted.incrementAndGet();
            } catch (Exception refused) {
                // it is not counted, and so the run does not come to its end
            }
        }
    }

    /** Waits until everything has come or nothing comes any more; gives when the last of it came. */
    private long watch(long began) throws InterruptedException {
        long awaited = count * (wantsReceipts ? 2 : 1);
        long had = 0;
        long last = began;
        while (true) {
            long have = accepted.get() + receipts.get();
            long now = System.nanoTime();
            if (have != had) {
                had = have;
                last = now;
            }
            if (have >= awaited || now - last > GIVE_UP_NS || now - began > STOP_AFTER_NS) {
                return last;
            }
            Thread.sleep(5);
        }
    }

    private void say(double elapsedS, double cpuUs) {
        long done = accepted.get();
        boolean stalled = done < count || (wantsReceipts && receipts.get() < count);
        System.out.printf(Locale.ROOT,
                "{\"messages_per_second\": %.1f, \"elapsed_s\": %.3f, \"cpu_us_per_message\": %.3f, "
                        + "\"submitted\": %d, \"accepted\": %d, \"delivered\": %d%s}%n",
                done / Math.max(elapsedS, 1e-9), elapsedS, cpuUs / Math.max(done, 1), count, done, receipts.get(),
                stalled ? ", \"stalled_after\": " + done : "");
    }

    private static long cpuNs() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }

    private final class Counting implements MessageReceiverListener {
        @Override
        public void onAcceptDeliverSm(DeliverSm receipt) {
            receipts.incrementAndGet();
        }

        @Override
        public void onAcceptAlertNotification(AlertNotification notification) {}

        @Override
        public DataSmResult onAcceptDataSm(DataSm message, Session source) {
            return null;
        }
    }
}
