*** Comments ***
# robocop: off=too-many-calls-in-test-case


*** Settings ***
Documentation     Changing credit limits on the mainframe through a real terminal.

Library           Collections
Library           OperatingSystem
Library           credit_hosts.py
Resource          ../../resources/credit_desk.resource

Suite Setup       Start And Open    standard
Suite Teardown    Close And Stop


*** Variables ***
${FOLDER}       ${OUTPUT DIR}/credit_desk_test
${JOURNAL}      ${FOLDER}/standard.sqlite
${CONFIRMED}    ^CL-\\d{4}-\\d{6}$


*** Test Cases ***
Changed Limits Stand In The Journal Once Each
    [Documentation]    Amounts and references arrive as they were meant.
    Change And Find    CR-1    100120    50000    1234
    Change And Find    CR-2    100120    1234    250000
    Change And Find    CR-3    100268    10000    0
    ${changes}=    Changed Limits    ${JOURNAL}
    Length Should Be    ${changes}    3
    Should Match    ${changes}[0]    CL-????-000001 CR-1 100120 50000 1234
    Should Match    ${changes}[1]    CL-????-000002 CR-2 100120 1234 250000
    Should Match    ${changes}[2]    CL-????-000003 CR-3 100268 10000 0

A Change That Was Never Made Is Not Found
    [Documentation]    Also after a search that found something.
    ${case}=    A Request    CR-1    100120    50000    1234
    ${found}=    Find Change In Credit Desk    ${case}
    Should Match Regexp    ${found}    ${CONFIRMED}
    ${case}=    A Request    CR-10    100120    50000    1234
    ${found}=    Find Change In Credit Desk    ${case}
    Should Be Equal    ${found}    ${NONE}

A Change Of Another Customer Under The Same Number Is Never Taken For This One
    [Documentation]    Somebody made it by hand.
    Change And Find    CR-15    100473    90000    91000
    ${case}=    A Request    CR-15    100339    250000    260000
    Run Keyword And Expect Error
    ...    *CR-15 was done can't be told: of 1 changes these are the customer's: none
    ...    Find Change In Credit Desk
    ...    ${case}

A Refusal Is Told In The Host's Words And Nothing Is Changed
    [Documentation]    The next request is not disturbed by it.
    ${before}=    Changed Limits    ${JOURNAL}
    Refused    refused: the credit desk says of customer 999999: CD404E CUSTOMER 999999 NOT ON FILE
    ...    CR-20    999999    1    2
    Refused    refused: the credit desk says of customer 100497: CD421E CUSTOMER 100497 IS BLOCKED
    ...    CR-20    100497    5000    6000
    Refused
    ...    refused: the credit desk says of customer 100183: CD420E NEW LIMIT ABOVE YOUR AUTHORITY OF 500,000
    ...    CR-20
    ...    100183
    ...    120000
    ...    500001
    Refused    refused: customer 100183 has the limit 120,000 EUR, not 119,999 EUR
    ...    CR-20    100183    119999    130000
    Refused    refused: request CR-20 can't be entered in the credit desk: requested limit is 0.5, *
    ...    CR-20    100183    120000    0.5
    ${after}=    Changed Limits    ${JOURNAL}
    Should Be Equal    ${after}    ${before}
    Change And Find    CR-20    100183    120000    130000

What A Screen Shows Can Be Read
    [Documentation]    Beside its labels, also where there is nothing.
    Choose    1    CDSK20
    Type Into Field    CUSTOMER NUMBER    100290
    Press Key    ENTER    CDSK20
    ${name}=    Read Field    Name
    Should Be Equal    ${name}    Océane Transports SARL
    ${items}=    Read Field    OPEN ITEMS
    Should Be Equal    ${items}    58,700 EUR
    ${amounts}=    Read From Screen    ([0-9,]+) EUR
    Should Be Equal    ${amounts}    ${{ ["60,000", "58,700"] }}
    Press Key    PF3    ${MENU_SCREEN}

A Double Change Is Noticed
    [Documentation]    The host does not prevent it, so the search must not hide it.
    Change And Find    CR-30    100207    80000    81000
    ${case}=    A Request    CR-30    100207    81000    82000
    Change Credit Limit In Credit Desk    ${case}
    Run Keyword And Expect Error    request CR-30 was done 2 times: CL-*, CL-*
    ...    Find Change In Credit Desk    ${case}

A Record In Use Is No Refusal
    [Documentation]    Another terminal holds it; when it lets go, the change can be made.
    Hold At Another Terminal    100231
    ${case}=    A Request    CR-40    100231    35000    36000
    Run Keyword And Expect Error
    ...    *not changed: the credit desk says of customer 100231: CD409W RECORD IN USE BY TERMINAL T0002, *
    ...    Change Credit Limit In Credit Desk
    ...    ${case}
    Switch Connection    ${2}
    Close Connection
    Switch Connection    ${1}
    Wait Until Keyword Succeeds
    ...    5 seconds
    ...    50 milliseconds
    ...    Change Credit Limit In Credit Desk
    ...    ${case}

What Is Typed Is Read Back And Must Fit
    [Documentation]    Before any key is pressed.
    Choose    2    ${CUSTOMER_SCREEN}
    Run Keyword And Expect Error
    ...    the screen changed: the field CUSTOMER NUMBER of CDSK30 has 6 places, and '1234567' needs 7
    ...    Type Into Field
    ...    CUSTOMER NUMBER
    ...    1234567
    Run Keyword And Expect Error    refused: '12€' holds characters that the field CUSTOMER NUMBER can't hold
    ...    Type Into Field    CUSTOMER NUMBER    12€
    Type Into Field    CUSTOMER NUMBER    ü"\\[)
    ${typed}=    Read Field    CUSTOMER NUMBER
    Should Be Equal    ${typed}    ü"\\[)
    Run Keyword And Expect Error    'PF25' is no key; *    Press Key    PF25    CDSK10

A Wrong Password Is Told And Shown Nowhere
    [Documentation]    The picture of the screen leaves it out, too.
    ${host}=    Address Of Credit Host
    Open Terminal    ${host}
    VAR    ${wrong}=    ${{robot.api.types.Secret(os.environ["CREDIT_DESK_PASSWORD"][:-1])}}
    Sign On With    ${wrong}    ${LOGON_SCREEN}
    Type Into Field    PASSWORD    ${wrong}
    ${picture}=    Take Screen Picture    ${FOLDER}/logon.html
    ${page}=    Get File    ${picture}
    Should Contain    ${page}    CD900E USERID OR PASSWORD NOT VALID
    ${too_long}=    Evaluate
    ...    robot.api.types.Secret(os.environ["CREDIT_DESK_PASSWORD"] * 2)
    ...    modules=robot,os
    Run Keyword And Expect Error    *PASSWORD of CDSK00 has 32 places, and what is to be typed needs *
    ...    Type Into Field    PASSWORD    ${too_long}
    Close Connection
    Switch Connection    ${1}

After A Time-out The Bot Says What The Host Says
    [Documentation]    A sign-on starts the credit desk anew.
    ${host}=    Start And Open    idle    --idle    1.5
    Wait Until Keyword Succeeds    10 seconds    50 milliseconds    Wait For Screen    ${LOGON_SCREEN}
    ${case}=    A Request    CR-50    100120    50000    51000
    Run Keyword And Expect Error
    ...    *CR-50 was not changed: the credit desk says: CD905W SESSION TIMED OUT, SIGN ON AGAIN
    ...    Change Credit Limit In Credit Desk
    ...    ${case}
    Open Credit Desk    ${host}
    Change Credit Limit In Credit Desk    ${case}
    [Teardown]    Close And Stop

A Host That Is Gone Is Told
    [Documentation]    And there is nobody at its address.
    ${host}=    Start And Open    gone
    Stop Credit Hosts
    ${case}=    A Request    CR-60    100120    50000    51000
    Run Keyword And Expect Error
    ...    the limit of request CR-60 was not changed: the host has closed the connection
    ...    Change Credit Limit In Credit Desk
    ...    ${case}
    Run Keyword And Expect Error    whether request CR-60 was done can't be told: *
    ...    Find Change In Credit Desk    ${case}
    Run Keyword And Expect Error
    ...    the credit desk can't be used: no terminal connection to 127.0.0.1:*: nothing answers there (*)
    ...    Open Credit Desk    ${host}
    Run Keyword And Expect Error    no terminal is open    Read Field    USERID
    Run Keyword And Expect Error    the credit desk can't be used: 'mainframe' is no address of a host; *
    ...    Open Credit Desk    mainframe
    [Teardown]    Close And Stop

A Host That Does Not Answer In Time Is Told
    [Documentation]    With what it still shows.
    Start And Open    slow    --delay    1
    Type Into Field    OPTION    2
    Run Keyword And Expect Error
    ...    the host did not answer within 0.2 seconds; the screen still shows: 'CDSK10 / MAIN MENU / *
    ...    Press Key    ENTER    ${CUSTOMER_SCREEN}    patience=${0.2}
    VAR    ${at_work}=    the host is still at work, so nothing was typed; the screen shows: 'CDSK10 *
    Run Keyword And Expect Error    ${at_work}    Type Into Field    OPTION    3
    Run Keyword And Expect Error    ${at_work}    Press Key    PF3    ${MENU_SCREEN}
    Wait For Screen    ${CUSTOMER_SCREEN}
    [Teardown]    Close And Stop

A Terminal Program That Is Missing Or Gone Is Told
    [Documentation]    It ends here as if it had been killed.
    Start And Open    programs
    Run Keyword And Ignore Error    Execute Command    Quit
    Run Keyword And Expect Error    the terminal program has ended    Read Field    OPTION
    Close Terminal
    ${path}=    Get Environment Variable    PATH
    Set Environment Variable    PATH    ${EMPTY}
    Run Keyword And Expect Error    the terminal program s3270 is not installed *    Open Terminal    a:1
    [Teardown]    Run Keywords    Set Environment Variable    PATH    ${path}    AND    Close And Stop

A Label That Was Renamed Is Told With What Is There
    [Documentation]    With a picture, before anything is confirmed.
    A Changed Screen Says
    ...    renamed
    ...    CDSK31 has no label NEW LIMIT, *: REVISED LIMIT (row 12, column 28), REFERENCE (row 15, column 28)

A Field That Moved Away From Its Label Is Told
    [Documentation]    It stands on the next line.
    A Changed Screen Says    apart
    ...    CDSK31 has no field to type into beside NEW LIMIT (row 12, column 4), there is nothing; *

A Field That Is Too Narrow Is Told
    [Documentation]    Nothing is cut off.
    A Changed Screen Says    narrow    the field NEW LIMIT of CDSK31 has 4 places, and '51000' needs 5

An Unknown Screen Is Told With What It Shows
    [Documentation]    Already when signing on.
    ${host}=    Start Host    notice
    Run Keyword And Expect Error
    ...    *can't be used: the screen changed: CDSK10 or CDSK00 was expected, and the host shows: 'CDSK05 *
    ...    Open Credit Desk
    ...    ${host}
    File Should Exist    ${OUTPUT DIR}/credit_desk-sign-on.html
    [Teardown]    Close And Stop

A Field That Moved With Its Label Disturbs Nobody
    [Documentation]    Nothing is found by its numbers.
    [Setup]    Start And Open    moved    --release    moved
    Change And Find    CR-70    100120    50000    51000
    [Teardown]    Close And Stop


*** Keywords ***
Start Host
    [Documentation]    One of its own for each test that harms it.
    [Arguments]    ${release}    @{options}
    IF    $release in ("renamed", "apart", "narrow", "notice")
        VAR    @{options}=    --release    ${release}
    END
    ${host}=    Start Credit Host    ${FOLDER}/${release}.sqlite    --delay    0.02    @{options}
    RETURN    ${host}

Start And Open
    [Documentation]    The bot is given its address.
    [Arguments]    ${name}    @{options}
    ${host}=    Start Host    ${name}    @{options}
    Open Credit Desk    ${host}
    RETURN    ${host}

Close And Stop
    [Documentation]    First the terminal, then the host.
    Close Credit Desk
    Stop Credit Hosts

Sign On With
    [Documentation]    By hand, as the bot would.
    [Arguments]    ${password}    ${screen}
    Wait For Screen    ${LOGON_SCREEN}
    Type Into Field    USERID    %{CREDIT_DESK_USER}
    Type Into Field    PASSWORD    ${password}
    Press Key    ENTER    ${screen}

Hold At Another Terminal
    [Documentation]    A customer's record; the first terminal is in use again afterwards.
    [Arguments]    ${customer}
    ${host}=    Address Of Credit Host
    Open Terminal    ${host}
    Sign On With    ${{robot.api.types.Secret(os.environ["CREDIT_DESK_PASSWORD"])}}    ${MENU_SCREEN}
    Choose    2    ${CUSTOMER_SCREEN}
    Type Into Field    CUSTOMER NUMBER    ${customer}
    Press Key    ENTER    ${CHANGE_SCREEN}
    Switch Connection    ${1}

Choose
    [Documentation]    From the menu, after leaving the screen that a test before has left.
    [Arguments]    ${option}    ${screen}
    ${now}=    Wait For Screen
    ...    ${MENU_SCREEN}
    ...    ${CUSTOMER_SCREEN}
    ...    ${CHANGE_SCREEN}
    ...    ${JOURNAL_SCREEN}
    WHILE    $now != $MENU_SCREEN    limit=3
        ${now}=    Press Key    PF3    ${MENU_SCREEN}    ${CUSTOMER_SCREEN}
    END
    Type Into Field    OPTION    ${option}
    Press Key    ENTER    ${screen}

A Request
    [Documentation]    A case as the decision engine hands it over: numbers are decimals.
    [Arguments]    ${id}    ${customer}    ${current}    ${requested}
    VAR    &{facts}=
    ...    request=${id}
    ...    customer=${customer}
    ...    current limit=${{decimal.Decimal($current)}}
    ...    requested limit=${{decimal.Decimal($requested)}}
    VAR    &{case}=    id=${id}    facts=${facts}
    RETURN    ${case}

Change And Find
    [Documentation]    The journal gives the number that the change gave.
    [Arguments]    @{request}
    ${case}=    A Request    @{request}
    ${confirmation}=    Change Credit Limit In Credit Desk    ${case}
    Should Match Regexp    ${confirmation}    ${CONFIRMED}
    ${found}=    Find Change In Credit Desk    ${case}
    Should Be Equal    ${found}    ${confirmation}

Refused
    [Documentation]    The message is the whole one.
    [Arguments]    ${message}    @{request}
    ${case}=    A Request    @{request}
    Run Keyword And Expect Error    ${message}    Change Credit Limit In Credit Desk    ${case}

A Changed Screen Says
    [Documentation]    The journal stays empty, and the picture is there.
    [Arguments]    ${release}    ${message}
    Start And Open    ${release}
    ${case}=    A Request    CR-80    100120    50000    51000
    Run Keyword And Expect Error
    ...    the limit of request CR-80 was not changed: the screen changed: ${message}
    ...    Change Credit Limit In Credit Desk
    ...    ${case}
    ${picture}=    Keep Credit Desk Screen    ${case}
    ${page}=    Get File    ${picture}
    Should Contain    ${page}    Nordwind Papier GmbH
    ${changes}=    Changed Limits    ${FOLDER}/${release}.sqlite
    Should Be Empty    ${changes}
    [Teardown]    Close And Stop
